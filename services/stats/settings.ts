import { dirname } from 'node:path';
import type { ConfigOf } from '../../runtime/config/fields.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import type { AlertsConfig } from './alerts/config.ts';
import type { healthTable, publicTable, serverTable } from './config.ts';
import { openMetrics } from './metrics/metrics.ts';
import type { StatsServiceOptions } from './service.ts';

const MIB = 1024 ** 2;

/** The tables that the configs of both sides' services have. */
interface ServiceConfig {
  readonly server: ConfigOf<ReturnType<typeof serverTable>>;
  readonly public: ConfigOf<typeof publicTable>;
  readonly health: ConfigOf<typeof healthTable>;
  readonly alerts: AlertsConfig;
}

/** What a service takes from its config, whichever side it is of. */
export function serviceSettings({
  config: { server, public: redacted, health, alerts },
  read,
  statePath,
  log,
}: Pick<RoleContext<ServiceConfig, unknown>, 'config' | 'read' | 'statePath' | 'log'>): Omit<
  StatsServiceOptions,
  'side' | 'network' | 'roles' | 'probes' | 'addRoutes'
> {
  const place = server.database ? read(server.database) : statePath(server.db_path);
  return {
    host: server.listen_host,
    tcpPort: server.tcp_port,
    httpPort: server.http_port,
    place,
    redact: { names: redacted.redact_names, addresses: redacted.redact_addresses },
    disk: {
      folder: isPostgres(place) ? statePath('.') : dirname(place),
      pauseBytes: health.pause_free_mib * MIB,
    },
    alerts,
    read,
    log,
    clock: Date.now,
    metrics: openMetrics(),
  };
}
