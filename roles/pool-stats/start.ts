import type { RoleContext } from '../../runtime/lifecycle.ts';
import { rpcAuthFromText } from '../../runtime/rpc/auth.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { addDashboard } from '../../services/stats/dashboard/routes.ts';
import { openMetrics } from '../../services/stats/metrics/metrics.ts';
import { rootRoute } from '../../services/stats/root-route.ts';
import { openStatsService } from '../../services/stats/service.ts';
import type { PoolStatsConfig, PoolStatsShared } from './config.ts';
import { poolProbes } from './probes.ts';

export type PoolStatsContext = RoleContext<PoolStatsConfig, PoolStatsShared>;

const MIB = 1024 ** 2;
const ROLES = ['pool', 'mint', 'template-provider', 'jd-server'] as const;

/** Opens the service; whatever it looks at may be away. */
export async function startPoolStats(context: PoolStatsContext): Promise<void> {
  const { config, shared, log, read, statePath } = context;
  const { server, health } = config;
  const { network, rpc_url: url } = shared.bitcoin;
  const rpc = bitcoinRpc({ url, auth: rpcAuthFromText(read(config.probes.rpc_auth)) });
  await context.open('node', () => rpc);
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  const service = await context.open('stats service', () =>
    openStatsService({
      side: 'pool',
      network,
      roles: ROLES,
      host: server.listen_host,
      tcpPort: server.tcp_port,
      httpPort: server.http_port,
      place: server.database ? read(server.database) : statePath(server.db_path),
      redact: { names: config.public.redact_names, addresses: config.public.redact_addresses },
      disk: { folder: statePath('.'), pauseBytes: health.pause_free_mib * MIB },
      alerts: config.alerts,
      read,
      log,
      clock: Date.now,
      metrics: openMetrics(),
      probes: (parts) => poolProbes(context, { ...parts, rpc, workers }),
      addRoutes: (http, api) => rootRoute(http, api, addDashboard(http, 'pool')),
    }),
  );
  context.watch('store', () => service.store.call('ping', null));
  context.status(`at ${service.url}`);
}
