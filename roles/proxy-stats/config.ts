import {
  address,
  type ConfigOf,
  optional,
  path,
  port,
  publicValue,
  table,
} from '../../runtime/config/fields.ts';
import type { minerSide } from '../../services/shared-config/miner-side.ts';
import { alertsTable } from '../../services/stats/alerts/config.ts';
import { healthTable, publicTable, serverTable } from '../../services/stats/config.ts';

/** `proxy-stats.config.toml` */
export const proxyStatsConfig = table({
  server: serverTable({ tcp: 4001, http: 8083 }),
  probes: table({
    translator_address: address('where the translator lets miners in', { default: '127.0.0.1:34255' }),
    translator_tls_port: optional(
      port('where it lets them in over TLS, its downstream_tls; left out, no such address is shown'),
    ),
    jdc_address: optional(address('where the jd-client lets the translator in, where there is one')),
    jdc_authority_public_key: publicValue('the key by which it is known', {
      default: 'public:jd-client-authority.pub',
    }),
    wallet_socket: optional(
      path("the translator's socket of the wallet, its [wallet] socket_path; left out, no wallet is shown"),
    ),
  }),
  public: publicTable,
  health: healthTable,
  alerts: alertsTable,
});

export type ProxyStatsConfig = ConfigOf<typeof proxyStatsConfig>;
export type ProxyStatsShared = ConfigOf<typeof minerSide>;
