import { MAX_NAME_BYTES } from '../../domain/jobs/pool-coinbase.ts';
import {
  address,
  type ConfigOf,
  choice,
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
import type { minerSide } from '../../services/shared-config/miner-side.ts';
import { miningServerFields, upstreamPoolFields } from '../../services/shared-config/mining-fields.ts';
import { statsClientConfig } from '../../services/stats/config.ts';

const upstream = table({
  pool_address: text("the pool's name or address", { minLength: 1, maxLength: 253 }),
  pool_port: port("the pool's SV2 mining port", { default: 34254 }),
  authority_pubkey: upstreamPoolFields.authority_pubkey,
  jds_address: text("name or address of the pool's jd-server", { minLength: 1, maxLength: 253 }),
  jds_port: port("the jd-server's port", { default: 34256 }),
  jds_authority_pubkey: optional(
    publicValue("the jd-server's authority key; left out, whoever answers is believed"),
  ),
  pays_ehash: upstreamPoolFields.pays_ehash,
});

/** `jdc.config.toml` */
export const jdClientConfig = table({
  listening_address: address('where translators and miners connect, by SV2 mining', {
    default: '127.0.0.1:34265',
  }),
  authority_public_key: publicValue('the key by which miners know this jd-client', {
    default: 'public:jd-client-authority.pub',
  }),
  authority_secret_key: secret('signs the certificates that miners check', {
    default: 'credential:jd-client-authority',
  }),
  cert_validity_sec: integer('seconds for which a certificate is valid', {
    min: 60,
    max: 31_536_000,
    default: 3600,
  }),
  tp_address: address("the template provider of the miner's own node", { default: '127.0.0.1:8442' }),
  tp_authority_public_key: publicValue(
    "the template provider's authority key, by which the jd-client knows it",
    { default: 'public:template-provider-authority.pub' },
  ),
  upstreams: list(upstream, 'the pools and their jd-servers, the preferred one first; none: solo mining', {
    max: 8,
    default: [],
  }),
  mode: choice(
    'FULLTEMPLATE declares each job with its transactions, COINBASEONLY keeps them to itself, where the pool takes such jobs',
    ['FULLTEMPLATE', 'COINBASEONLY'],
    { default: 'FULLTEMPLATE' },
  ),
  coinbase_reward_script: text(
    "descriptor of the output that gets the reward of solo mining: the miner's own, as addr(ADDRESS)",
    { minLength: 1 },
  ),
  jdc_signature: text("the miner's name in each coinbase", {
    default: '',
    maxLength: MAX_NAME_BYTES,
    pattern: '^[ -~]*$',
    allowed: `up to ${MAX_NAME_BYTES} printable ASCII characters, so that the coinbase script stays within 100 bytes`,
  }),
  user_identity: text('the name by which pool and jd-server know this jd-client', {
    default: 'hashpool',
    pattern: '^[ -~]{1,128}$',
    allowed: 'a text of 1 to 128 printable ASCII characters',
  }),
  shares_per_minute: integer('shares a minute that the difficulty aims at for the average miner', {
    min: 1,
    max: 600,
    default: 6,
  }),
  share_batch_size: integer('shares that one acknowledgement stands for at most', {
    min: 1,
    max: 1000,
    default: 10,
  }),
  min_extranonce_size: integer(
    'bytes of extranonce asked of a pool: four tell channels and jobs apart, the others are for miners to roll',
    { min: 6, max: 14, default: 12 },
  ),
  ...miningServerFields,
  solo_after_sec: integer('seconds without any pool after which miners mine solo', {
    min: 1,
    max: 86_400,
    default: 60,
  }),
  return_after_sec: integer('seconds for which a better placed pool must be well before it is returned to', {
    min: 1,
    max: 86_400,
    default: 60,
  }),
  stale_work_timeout_sec: integer(
    'seconds without the template provider after which channels are closed: by then the job is more likely stale than not',
    { min: 1, max: 86_400, default: 600 },
  ),
  max_connections: integer('connections taken, those that only begin included', {
    min: 1,
    max: 20_000,
    default: 1000,
  }),
  max_channels: integer('channels that may be open on all connections', {
    min: 1,
    max: 50_000,
    default: 20_000,
  }),
  found_blocks_path: path('found blocks that the node is not known to have', {
    default: 'found-blocks.json',
  }),
  stats: statsClientConfig,
});

/** What the schema can't say: the first rule that keys break between them, in words. */
export function checkJdClient({ upstreams }: JdClientConfig): string | undefined {
  const places = upstreams.map((each) => `${each.pool_address}:${each.pool_port}`);
  const twice = places.find((place, i) => places.indexOf(place) !== i);
  return twice && `upstreams: the pool ${twice} is named twice; name each once`;
}

export type JdClientConfig = ConfigOf<typeof jdClientConfig>;
export type JdClientShared = ConfigOf<typeof minerSide>;
