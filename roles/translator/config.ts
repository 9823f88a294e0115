import {
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
import type { minerSide } from '../../services/shared-config/miner-side.ts';
import { checkFaucet, faucetConfig } from './wallet-socket/config.ts';

const upstream = table({
  address: text("the pool's name or address", { minLength: 1, maxLength: 253 }),
  port: port("the pool's SV2 mining port", { default: 34254 }),
  authority_pubkey: optional(
    publicValue("the pool's authority key in base58check; left out, whoever answers is believed"),
  ),
  pays_ehash: flag('false for a pool that is no hashpool: its shares are then paid by its own rules', {
    default: true,
  }),
});

/** `tproxy.config.toml` */
export const translatorConfig = table({
  downstream_address: text('the address that miners connect to', {
    default: '0.0.0.0',
    minLength: 1,
    maxLength: 253,
  }),
  downstream_port: port('the SV1 port', { default: 34255 }),
  downstream_extranonce2_size: integer(
    'bytes of extranonce that a miner rolls; some firmware takes no more than 8',
    {
      min: 2,
      max: 8,
      default: 4,
    },
  ),
  max_connections: integer('miners connected at once', { min: 1, max: 20_000, default: 10_000 }),
  max_connections_per_address: integer('of those, from one address', { min: 1, max: 20_000, default: 2_000 }),
  user_identity: text('the name by which the pool knows this translator', {
    default: 'hashpool',
    pattern: '^[ -~]{1,128}$',
    allowed: 'a text of 1 to 128 printable ASCII characters',
  }),
  upstreams: list(upstream, 'the pools, the preferred one first', { min: 1, max: 8 }),
  journal_path: path('the shares that no pool has answered yet', { default: 'shares.journal' }),
  downstream_difficulty_config: table({
    min_individual_miner_hashrate: integer(
      'hashes per second assumed of a miner that suggests no difficulty',
      {
        min: 1,
        max: Number.MAX_SAFE_INTEGER,
        default: 500_000_000_000,
      },
    ),
    shares_per_minute: integer('shares per minute that the pool aims at, as in its own config', {
      min: 1,
      max: 600,
      default: 6,
    }),
    easiest_difficulty_bits: integer(
      'the easiest share given unasked proves 2 to this power of hashes; below 32 the difficulty is a fraction, which some firmware cuts to 0',
      { min: 0, max: 62, default: 32 },
    ),
    job_keepalive_interval_secs: integer('a job is told again after so many seconds without one', {
      min: 1,
      max: 30,
      default: 30,
    }),
  }),
  wallet: table({
    mnemonic: secret('the 12 or 24 words that restore the wallet', { default: 'credential:wallet-mnemonic' }),
    db_path: path('the wallet; the environment variable CDK_WALLET_DB_PATH overrides it', {
      default: 'wallet.sqlite',
    }),
    wallet_takes_unnamed: flag(
      'whether the wallet takes the ehash of user names that are no key; else they are refused',
      {
        default: false,
      },
    ),
    socket_path: optional(
      path(
        'a unix socket that serves balance, history and faucet to whoever may open it, proxy-stats; left out, there is none',
      ),
    ),
    collect_interval_secs: integer('the wallet asks the mint for its ehash this often', {
      min: 1,
      max: 3600,
      default: 5,
    }),
  }),
  faucet: faucetConfig,
});

export type TranslatorConfig = ConfigOf<typeof translatorConfig>;

/** What a schema can't say: the first rule that keys break between them, in words. */
export function checkTranslator(
  { wallet, faucet }: TranslatorConfig,
  { bitcoin }: ConfigOf<typeof minerSide>,
): string | undefined {
  return checkFaucet(faucet, { network: bitcoin.network, socketPath: wallet.socket_path });
}
