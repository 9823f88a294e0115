import type { RoleContext } from '../../runtime/lifecycle.ts';
import { rpcAuthFromText } from '../../runtime/rpc/auth.ts';
import { bitcoinRpc } from '../../runtime/rpc/client.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { addDashboard } from '../../services/stats/dashboard/routes.ts';
import { rootRoute } from '../../services/stats/root-route.ts';
import { openStatsService } from '../../services/stats/service.ts';
import { serviceSettings } from '../../services/stats/settings.ts';
import type { PoolStatsConfig, PoolStatsShared } from './config.ts';
import { poolProbes } from './probes.ts';

export type PoolStatsContext = RoleContext<PoolStatsConfig, PoolStatsShared>;

const ROLES = ['pool', 'mint', 'template-provider', 'jd-server'] as const;

/** Opens the service; whatever it looks at may be away. */
export async function startPoolStats(context: PoolStatsContext): Promise<void> {
  const { config, shared, read } = context;
  const { network, rpc_url: url } = shared.bitcoin;
  const rpc = bitcoinRpc({ url, auth: rpcAuthFromText(read(config.probes.rpc_auth)) });
  await context.open('node', () => rpc);
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  const service = await context.open('stats service', () =>
    openStatsService({
      side: 'pool',
      network,
      roles: ROLES,
      ...serviceSettings(context),
      probes: (parts) => poolProbes(context, { ...parts, rpc, workers }),
      addRoutes: (http, api) => rootRoute(http, api, addDashboard(http, 'pool')),
    }),
  );
  context.watch('store', () => service.ping());
  context.status(`at ${service.url}`);
}
