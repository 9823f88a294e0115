import { MAX_PREFIXES } from '../../domain/extranonce/allocator.ts';
import { MAX_NAME_BYTES } from '../../domain/jobs/pool-coinbase.ts';
import {
  address,
  type ConfigOf,
  flag,
  integer,
  list,
  optional,
  path,
  port,
  publicValue,
  secret,
  table,
  text,
} from '../../runtime/config/fields.ts';
import { DEFAULT_LIMITS } from '../../runtime/sv2/limits.ts';
import { SPOKEN_EXTENSIONS } from '../../services/mining-server/extensions.ts';
import { miningServerFields } from '../../services/shared-config/mining-fields.ts';
import type { poolSide } from '../../services/shared-config/pool-side.ts';
import { statsClientConfig } from '../../services/stats/config.ts';

const coinbaseOutput = table({
  script: text('descriptor of the output', { minLength: 1 }),
  weight: integer('its part of the reward, next to the other weights', { min: 1, max: 1_000_000 }),
});

const difficultyLimit = table({
  user_identity: text('a client by its whole name, or by the part before the first dot for all its workers', {
    minLength: 1,
    maxLength: 255,
  }),
  minimum_bits: optional(integer('no target easier than 2^(256 - bits)', { min: 0, max: 255 })),
  maximum_bits: optional(integer('no target harder than 2^(256 - bits)', { min: 0, max: 255 })),
});

const sv1Upstream = table({
  address: text("the upstream's name or address", { minLength: 1, maxLength: 253 }),
  port: port('its Stratum V1 port'),
  tls: flag('whether it is spoken to by TLS', { default: false }),
  tls_ca: optional(
    publicValue('PEM of the authority that its certificate is checked by; left out, those that Node knows'),
  ),
  user: text('by which the upstream knows this pool: most often an address or account, and a worker', {
    pattern: '^[ -~]{1,255}$',
    allowed: 'a text of 1 to 255 printable ASCII characters',
  }),
  password: optional(secret("what the upstream takes as password; left out, 'x'")),
  suggest_difficulty_bits: optional(
    integer('the upstream is asked for a difficulty of 2^bits hashes a share: 32 bits are difficulty 1', {
      min: 0,
      max: 62,
    }),
  ),
});

/** `pool.config.toml` */
export const poolConfig = table({
  authority_public_key: publicValue("the pool's authority key, by which miners know it", {
    default: 'public:pool-authority.pub',
  }),
  authority_secret_key: secret('signs the certificates that miners check', {
    default: 'credential:pool-authority',
  }),
  cert_validity_sec: integer('seconds for which a certificate is valid', {
    min: 60,
    max: 31_536_000,
    default: 3600,
  }),
  issuer_secret_key: secret(
    "signs for the pool at the mint; its public key stands among the mint's issuer_keys",
    {
      default: 'credential:pool-issuer',
    },
  ),
  listen_address: address('where miners and translators connect', { default: '0.0.0.0:34254' }),
  coinbase_reward_script: optional(
    text('descriptor of the output that gets the block reward, as wpkh(KEY) or addr(ADDRESS)', {
      minLength: 1,
    }),
  ),
  coinbase_reward_weight: integer(
    'the part of the reward that coinbase_reward_script gets, next to other weights',
    {
      min: 1,
      max: 1_000_000,
      default: 1,
    },
  ),
  coinbase_outputs: optional(
    list(coinbaseOutput, 'who else gets a part of the reward, each by its weight', { min: 1, max: 20 }),
  ),
  coinbase_payouts_max_size: optional(
    integer(
      'bytes that outputs of the mint may take in each coinbase, as it pays sat balances there; none unless given, since the mint then says where rewards go. Each is 31 to 43 bytes, and old miners may not take a coinbase of many thousand',
      { min: 0, max: 30_000 },
    ),
  ),
  coinbase_payouts_max_sigops: optional(
    integer(
      'signature operations that these outputs may cost, 4 for an output to a public key hash and none for most others; 400 unless given',
      { min: 0, max: 20_000 },
    ),
  ),
  pool_signature: text("the pool's name in each coinbase", {
    default: 'hashpool',
    maxLength: MAX_NAME_BYTES,
    pattern: '^[ -~]*$',
    allowed: `up to ${MAX_NAME_BYTES} printable ASCII characters, so that the coinbase script stays within 100 bytes`,
  }),
  miner_tag_length: integer(
    "bytes of a miner's name that its blocks show next to pool_signature; 0 shows none, as it stays on the chain for good",
    { min: 0, max: MAX_NAME_BYTES, default: 0 },
  ),
  tp_address: optional(address('the template provider, where the pool makes its blocks itself')),
  tp_authority_public_key: publicValue("the template provider's authority key, by which the pool knows it", {
    default: 'public:template-provider-authority.pub',
  }),
  sv1_upstream: optional(
    list(
      sv1Upstream,
      'ordinary pools that this one mines for, the preferred one first, in place of a template provider',
      { min: 1, max: 8 },
    ),
  ),
  sv1_block_target_bits: optional(
    integer(
      "regtest only: leading zero bits that the upstream's blocks must have, its template provider's block_target_bits",
      { min: 1, max: 64 },
    ),
  ),
  stale_work_timeout_sec: integer(
    'seconds without template provider or upstream after which channels are closed: by then the job is more likely stale than not',
    { min: 1, max: 86_400, default: 600 },
  ),
  shares_per_minute: integer("shares a minute that each channel's difficulty aims at", {
    min: 1,
    max: 600,
    default: 6,
  }),
  difficulty_limits: optional(
    list(difficultyLimit, 'bounds for the difficulty of single clients, within what is paid', {
      max: 10_000,
    }),
  ),
  share_batch_size: integer('shares that one acknowledgement stands for at most', {
    min: 1,
    max: 1000,
    default: 10,
  }),
  supported_extensions: list(
    integer('an extension type', { min: 0, max: 65_535 }),
    'extensions of Stratum V2 that clients may use: 0x0002 worker names, 0x4548 ehash',
    { default: [...SPOKEN_EXTENSIONS] },
  ),
  required_extensions: list(
    integer('an extension type', { min: 0, max: 65_535 }),
    'those of supported_extensions without which a client gets no channel',
    { default: [] },
  ),
  jd_token_keys: list(
    publicValue('66 hex digits of a key by which a jd-server of this pool signs its tokens'),
    'with a token of one of these, clients mine jobs that they make themselves; none: no such job is taken',
    { default: [] },
  ),
  jd_coinbase_only: flag(
    'whether jobs are taken whose transactions no jd-server has seen: their fees are what the client says',
    { default: false },
  ),
  server_id: integer(
    "tells this pool's extranonces from those of its other servers; the mint lists it, and gives another one where it is in use",
    {
      min: 0,
      max: 65_535,
      default: 1,
    },
  ),
  ...miningServerFields,
  max_connections: integer('connections that the pool takes, those that only begin included', {
    min: 1,
    max: 1_000_000,
    default: DEFAULT_LIMITS.connections,
  }),
  max_connections_per_address: integer('of these, how many may come from one address', {
    min: 1,
    max: 1_000_000,
    default: 1000,
  }),
  max_channels: integer('channels that may be open on all connections', {
    min: 1,
    max: MAX_PREFIXES,
    default: 50_000,
  }),
  max_channels_per_address: integer(
    'channels that one address may open between two blocks, those that it still has included',
    { min: 1, max: MAX_PREFIXES, default: 20_000 },
  ),
  first_channel_timeout_sec: integer('seconds after which a connection without a channel is closed', {
    min: 1,
    max: 86_400,
    default: 300,
  }),
  db_path: path('database of the accepted shares', { default: 'outbox.sqlite' }),
  stats: statsClientConfig,
});

/** What the schema can't say: the first rule that keys break between them, in words. */
export function checkPool(config: PoolConfig, shared: Pick<PoolShared, 'bitcoin'>): string | undefined {
  return checkSource(config) ?? checkTrial(config, shared) ?? checkNames(config);
}

/** Work comes from one kind of source. */
function checkSource(config: PoolConfig): string | undefined {
  const {
    tp_address,
    sv1_upstream,
    coinbase_reward_script,
    coinbase_outputs,
    coinbase_payouts_max_size,
    coinbase_payouts_max_sigops,
    miner_tag_length,
    jd_token_keys,
  } = config;
  if (tp_address !== undefined && sv1_upstream !== undefined) {
    return 'tp_address and [[sv1_upstream]] both say where work comes from; a pool has one kind of source: remove the other';
  }
  if (tp_address !== undefined) {
    return coinbase_reward_script === undefined
      ? 'coinbase_reward_script is missing: it says who gets the reward of the blocks that are made with tp_address'
      : undefined;
  }
  if (sv1_upstream === undefined) {
    return 'nothing says where work comes from; it must be tp_address, a template provider, or [[sv1_upstream]], ordinary pools';
  }
  const named = [
    ['coinbase_reward_script', coinbase_reward_script !== undefined],
    ['coinbase_outputs', coinbase_outputs !== undefined],
    ['coinbase_payouts_max_size', coinbase_payouts_max_size !== undefined],
    ['coinbase_payouts_max_sigops', coinbase_payouts_max_sigops !== undefined],
    ['miner_tag_length', miner_tag_length > 0],
    ['jd_token_keys', jd_token_keys.length > 0],
  ] as const;
  const useless = named.find(([, isSet]) => isSet);
  return useless && `${useless[0]} is set, but the coinbase is made by the [[sv1_upstream]]; remove it`;
}

function checkTrial({ sv1_block_target_bits }: PoolConfig, shared: Pick<PoolShared, 'bitcoin'>) {
  const { network } = shared.bitcoin;
  if (sv1_block_target_bits === undefined || network === 'regtest') return undefined;
  return `sv1_block_target_bits is for regtest only, and bitcoin.network is ${network}; remove it`;
}

/** Both names have room in a coinbase next to the longest template prefix. */
function checkNames({ pool_signature, miner_tag_length }: PoolConfig): string | undefined {
  const length = pool_signature.length + miner_tag_length;
  if (length <= MAX_NAME_BYTES) return undefined;
  return `pool_signature (${pool_signature.length}) and miner_tag_length (${miner_tag_length}) come to ${length} bytes; at most ${MAX_NAME_BYTES} fit into the 100 of a coinbase script, next to height, job and extranonce: shorten either`;
}

export type PoolConfig = ConfigOf<typeof poolConfig>;
export type PoolShared = ConfigOf<typeof poolSide>;
