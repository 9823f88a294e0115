import {
  address,
  type ConfigOf,
  flag,
  integer,
  publicValue,
  secret,
  table,
  text,
} from '../../runtime/config/fields.ts';
import type { poolSide } from '../../services/shared-config/pool-side.ts';
import { statsClientConfig } from '../../services/stats/config.ts';

/** `jds.config.toml` */
export const jdServerConfig = table({
  listen_jd_address: address('where miners declare their jobs (SV2 job declaration)', {
    default: '0.0.0.0:34256',
  }),
  authority_public_key: publicValue('the key by which clients know this jd-server', {
    default: 'public:jd-server-authority.pub',
  }),
  authority_secret_key: secret('signs the certificate of each connection', {
    default: 'credential:jd-server-authority',
  }),
  cert_validity_sec: integer('life of a certificate, in seconds', {
    min: 60,
    max: 31_536_000,
    default: 3600,
  }),
  token_secret_key: secret("signs tokens; its public key stands among the pool's jd_token_keys", {
    default: 'credential:jd-server-token',
  }),
  token_validity_sec: integer('seconds for which a token is good', { min: 10, max: 86_400, default: 600 }),
  full_template_mode_required: flag(
    'whether a job must be declared with all its transactions, which the node then looks at; false also gives tokens to those that keep theirs to themselves',
    { default: true },
  ),
  coinbase_reward_script: text(
    "descriptor of the output that gets the block reward, as in the pool's config",
    {
      minLength: 1,
    },
  ),
  max_connections: integer('connections taken, those that only begin included', {
    min: 1,
    max: 100_000,
    default: 1000,
  }),
  max_connections_per_address: integer('of these, how many may come from one address', {
    min: 1,
    max: 100_000,
    default: 50,
  }),
  declarations_per_minute: integer('declarations that one address may make in a minute', {
    min: 1,
    max: 6000,
    default: 120,
  }),
  mempool_update_interval_sec: integer(
    'how often the transactions of a new template are taken over from the node',
    {
      min: 1,
      max: 3600,
      default: 10,
    },
  ),
  known_transactions_mb: integer(
    'megabytes of transactions that are kept, so that clients need not send them',
    {
      min: 8,
      max: 65_536,
      default: 256,
    },
  ),
  declared_transactions_mb: integer(
    'megabytes of transactions that the declared jobs of all clients may hold, an eighth of them those of one address',
    { min: 128, max: 65_536, default: 256 },
  ),
  stats: statsClientConfig,
});

export type JdServerConfig = ConfigOf<typeof jdServerConfig>;
export type JdServerShared = ConfigOf<typeof poolSide>;
