import type { RoleContext } from '../../runtime/lifecycle.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { addDashboard } from '../../services/stats/dashboard/routes.ts';
import { rootRoute } from '../../services/stats/root-route.ts';
import { openStatsService } from '../../services/stats/service.ts';
import { serviceSettings } from '../../services/stats/settings.ts';
import type { ProxyStatsConfig, ProxyStatsShared } from './config.ts';
import { connectRoute } from './connect-route.ts';
import { EpochViews } from './epoch-views.ts';
import { faucetRoutes } from './faucet-route.ts';
import { proxyProbes } from './probes.ts';
import { tokenRoutes } from './token-routes.ts';
import { walletLink } from './wallet-link.ts';
import { walletRoute } from './wallet-route.ts';

export type ProxyStatsContext = RoleContext<ProxyStatsConfig, ProxyStatsShared>;

const ROLES = ['translator', 'jd-client'] as const;

/** Opens the service; whatever it looks at may be away. */
export async function startProxyStats(context: ProxyStatsContext): Promise<void> {
  const { config, shared, statePath } = context;
  const { probes } = config;
  const wallet = probes.wallet_socket === undefined ? undefined : walletLink(statePath(probes.wallet_socket));
  const workers =
    probes.jdc_address === undefined
      ? undefined
      : await context.open('handshakes', () => openHandshakeWorkers());
  const service = await context.open('stats service', () =>
    openStatsService({
      side: 'proxy',
      network: shared.bitcoin.network,
      roles: ROLES,
      ...serviceSettings(context),
      probes: (parts) => proxyProbes(context, { ...parts, workers }, wallet),
      addRoutes(http, api) {
        walletRoute(http, api, wallet, new EpochViews(shared.mint.url, api.clock));
        faucetRoutes(http, api, wallet);
        tokenRoutes(http, api, wallet);
        connectRoute(http, api, {
          translatorAddress: probes.translator_address,
          tlsPort: probes.translator_tls_port,
          mintUrl: shared.mint.url,
          redactsAddresses: config.public.redact_addresses,
        });
        rootRoute(http, api, addDashboard(http, 'proxy'));
      },
    }),
  );
  context.watch('store', () => service.ping());
  context.status(`at ${service.url}`);
}
