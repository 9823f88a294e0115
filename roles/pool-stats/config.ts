import { address, type ConfigOf, optional, publicValue, secret, table } from '../../runtime/config/fields.ts';
import type { poolSide } from '../../services/shared-config/pool-side.ts';
import { alertsTable } from '../../services/stats/alerts/config.ts';
import { healthTable, publicTable, serverTable } from '../../services/stats/config.ts';

/** `pool-stats.config.toml` */
export const poolStatsConfig = table({
  server: serverTable({ tcp: 4000, http: 8080 }),
  probes: table({
    pool_address: address('where the pool lets miners in', { default: '127.0.0.1:34254' }),
    pool_authority_public_key: publicValue('the key by which it is known', {
      default: 'public:pool-authority.pub',
    }),
    tp_address: address('the template provider', { default: '127.0.0.1:8442' }),
    tp_authority_public_key: publicValue('the key by which it is known', {
      default: 'public:template-provider-authority.pub',
    }),
    jds_address: optional(address('the jd-server, where there is one')),
    jds_authority_public_key: publicValue('the key by which it is known', {
      default: 'public:jd-server-authority.pub',
    }),
    rpc_auth: secret('user:password of the node for one who may only look', {
      default: 'credential:bitcoin-rpc-look',
    }),
  }),
  public: publicTable,
  health: healthTable,
  alerts: alertsTable,
});

export type PoolStatsConfig = ConfigOf<typeof poolStatsConfig>;
export type PoolStatsShared = ConfigOf<typeof poolSide>;
