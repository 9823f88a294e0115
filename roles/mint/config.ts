import type { Static } from 'typebox';
import { WHOLE_PPM } from '../../domain/epochs/price.ts';
import { DEFAULT_WINDOW_BLOCKS } from '../../domain/epochs/redemption-window.ts';
import {
  address,
  choice,
  flag,
  integer,
  list,
  optional,
  path,
  port,
  postgres,
  publicValue,
  secret,
  table,
  text,
  url,
} from '../../runtime/config/fields.ts';
import type { poolSide } from '../../services/shared-config/pool-side.ts';
import { statsClientConfig } from '../../services/stats/config.ts';
import { autoPayoutConfig } from './auto-payout-config.ts';
import { backupConfig } from './backup-config.ts';
import { coinbasePayoutsConfig } from './coinbase-payouts/config.ts';
import { checkLimits, limitsConfig } from './limits/config.ts';
import { checkPayments, paymentsConfig } from './payments/config.ts';

/** One pool whose work this mint turns into ehash. */
const pool = table({
  pool_id: publicValue(
    "the pool's identity: a compressed public key in hex, never rotated; it names the units",
  ),
  issuer_keys: list(
    publicValue('a compressed public key in hex, or a reference to it'),
    'the keys that the pool may sign for itself with; put a new one beside the old one to rotate',
    { min: 1, max: 10 },
  ),
  coinbase_reward_script: optional(
    text(
      "descriptor of the output that the pool's blocks pay, as in the pool's own config; left out where they pay an upstream of the pool's",
      { minLength: 1 },
    ),
  ),
  reward_is_cold: flag(
    'whether coinbase_reward_script is of a wallet of yours other than the one in [payments.bitcoind], to which you bring rewards by hand',
    { default: false },
  ),
  rewards: choice(
    'what backs epochs: "chain", the blocks that pay coinbase_reward_script; "lightning", what an upstream of the pool pays on invoices of npm run rewards',
    ['chain', 'lightning'],
    { default: 'chain' },
  ),
  reward_period_blocks: integer('for how many blocks an epoch is open at least, with rewards = "lightning"', {
    min: 1,
    max: 52_560,
    default: 144,
  }),
  reward_minimum: integer(
    'sats that must have come in before an epoch is closed, with rewards = "lightning"',
    {
      min: 1,
      max: 2_100_000_000_000_000,
      default: 100_000,
    },
  ),
  fee_ppm: integer(
    "the operator's part of what backs an epoch, in millionths: 10000 is one per cent; counts for epochs that open from then on",
    { min: 0, max: WHOLE_PPM, default: 0 },
  ),
  server_ids: list(integer('a server id', { min: 0, max: 65535 }), 'the server ids that the pool may use', {
    min: 1,
    max: 1000,
  }),
  work_per_hour: integer(
    'the most work that the pool may deliver in an hour, in shares of difficulty 1 (2^32 hashes); more waits',
    { min: 1, max: Number.MAX_SAFE_INTEGER, default: 1_000_000_000_000 },
  ),
});

/** `mint.config.toml`. */
export const mintConfig = table({
  info: table({
    listen_host: text('the address that the Cashu API listens on', { default: '127.0.0.1' }),
    listen_port: port('the port of the Cashu API', { default: 3338 }),
    url: url('the address that wallets are told'),
  }),
  mint_info: table({
    name: text('what wallets call the mint', { maxLength: 100 }),
    description: text('what wallets show of it', { maxLength: 500 }),
    description_long: optional(text('the same at length', { maxLength: 5000 })),
    motd: optional(text('a message that wallets must show their users', { maxLength: 1000 })),
    icon_url: optional(url('a square picture')),
    tos_url: optional(url('the terms of service')),
    more_urls: list(url('an address'), 'other addresses of the mint, besides [info] url', {
      max: 10,
      default: [],
    }),
    contact: list(
      table({
        method: text('how, as "email" or "nostr"', { minLength: 1, maxLength: 50 }),
        info: text('where', { minLength: 1, maxLength: 500 }),
      }),
      'how the operator can be reached',
      { max: 10, default: [] },
    ),
  }),
  hashpool_mint: table({
    db_path: path('the database; CDK_MINT_DB_PATH in the environment overrides it', {
      default: 'mint.sqlite',
    }),
    database: optional(
      postgres(
        'a PostgreSQL database instead, which several mint processes may share; db_path does not count then',
      ),
    ),
    seed: secret(
      '64 hex digits that every private key of the mint follows from: lose it and all tokens are lost',
    ),
  }),
  work_link: table({
    listen_address: address('where pools deliver their work', { default: '127.0.0.1:34260' }),
    authority_public_key: publicValue('the key by which pools know this mint'),
    authority_secret_key: secret('its secret half'),
    cert_validity_sec: integer('how long the certificate that a pool is shown is good', {
      min: 60,
      max: 31_536_000,
      default: 3600,
    }),
  }),
  ehash: table({
    policy: choice(
      '"target" pays the work that a share proves by its target, "hash" the zero bits that it happens to have',
      ['target', 'hash'],
      { default: 'target' },
    ),
    redemption_window_blocks: integer(
      'for how many blocks the ehash of an epoch can be redeemed, from when it can; counts for epochs that open from then on',
      { min: 144, max: 1_000_000, default: DEFAULT_WINDOW_BLOCKS },
    ),
    unredeemed: choice(
      'where the sats go that nobody redeemed in time: "next" adds them to the next reward of the pool, "operator" leaves them to you',
      ['next', 'operator'],
      { default: 'next' },
    ),
    confirmations: optional(
      integer(
        'confirmations, the block itself counted, after which the ehash of an epoch that a block has opened is given out; 6, on testnet4 30, on regtest 1 unless given',
        { min: 1, max: 99 },
      ),
    ),
    minimum_difficulty: integer(
      'one ehash is 2^minimum_difficulty hashes; 24 on mainnet, 16 on testnet4, 0 on regtest are usual',
      { min: 0, max: 62 },
    ),
  }),
  pool: list(pool, 'the pools', { min: 1, max: 100 }),
  payments: optional(paymentsConfig),
  auto_payout: optional(autoPayoutConfig),
  coinbase_payouts: optional(coinbasePayoutsConfig),
  limits: limitsConfig,
  backup: optional(backupConfig),
  stats: statsClientConfig,
});

export type MintConfig = Static<typeof mintConfig>;
export type SharedConfig = Static<typeof poolSide>;

/** What keys must hold between them. */
export function checkMintConfig(config: MintConfig, shared: SharedConfig): string | undefined {
  const ids = config.pool.map(({ pool_id }) => pool_id);
  if (new Set(ids).size !== ids.length) return '[[pool]] pool_id stands twice; each pool may stand once';
  if (shared.mint.url !== config.info.url) {
    return `[info] url is "${config.info.url}", the shared file's [mint] url "${shared.mint.url}"; they must be the same`;
  }
  const overLightning = config.pool.filter(({ rewards }) => rewards === 'lightning');
  if (overLightning.some(({ coinbase_reward_script: script }) => script !== undefined))
    return '[[pool]] rewards is "lightning" beside a coinbase_reward_script: its blocks pay its upstream; remove one of the two';
  if (overLightning.length > 0 && !config.payments?.bolt11)
    return '[[pool]] rewards is "lightning", and [payments.bolt11] is missing, by which invoices are made';
  if (config.coinbase_payouts && !config.auto_payout)
    return '[coinbase_payouts] pays what keys of [auto_payout] are owed, which is missing: add it, or remove [coinbase_payouts]';
  return checkPayments(config.payments, shared.bitcoin.network) ?? checkLimits(config.limits);
}
