import { quoted } from '../../protocols/bytes.ts';
import { MAX_DIFFICULTY_BITS } from '../../protocols/sv1/difficulty.ts';
import { isAddressOrNetwork } from '../../runtime/address-set.ts';
import {
  type ConfigOf,
  choice,
  flag,
  integer,
  list,
  optional,
  path,
  port,
  secret,
  table,
  text,
} from '../../runtime/config/fields.ts';
import type { minerSide } from '../../services/shared-config/miner-side.ts';
import { upstreamPoolFields } from '../../services/shared-config/mining-fields.ts';
import { statsClientConfig } from '../../services/stats/config.ts';
import { checkFaucet, faucetConfig } from './wallet-socket/config.ts';

const upstream = table({
  address: text("the pool's name or address", { minLength: 1, maxLength: 253 }),
  port: port("the pool's SV2 mining port", { default: 34254 }),
  ...upstreamPoolFields,
});

const ASSUMED_HASHRATE = 'hashes per second assumed of a miner that suggests no difficulty and is not known';
const EASIEST_BITS =
  'the easiest share given unasked proves 2 to this power of hashes; below 32 the difficulty is a fraction, which some firmware cuts to 0';

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
  max_bytes_per_second: integer(
    'what one miner may send on and on; a share is 120 bytes. Ten times as much may come at once',
    { min: 1024, max: 1_000_000_000, default: 65_536 },
  ),
  max_bytes_per_second_per_address: integer('the same of all miners of one address', {
    min: 1024,
    max: 1_000_000_000,
    default: 2_000_000,
  }),
  downstream_tls: optional(
    table({
      port: port('the SV1 port for miners that speak TLS, beside the plain one', { default: 34259 }),
      certificate: secret("the server's certificate and those that lead to its root, in PEM", {
        default: 'credential:translator-tls-certificate',
      }),
      key: secret("the certificate's key, in PEM", { default: 'credential:translator-tls-key' }),
    }),
  ),
  downstream_listeners: list(
    table({
      port: port('a further SV1 port'),
      min_individual_miner_hashrate: optional(
        integer(ASSUMED_HASHRATE, { min: 1, max: Number.MAX_SAFE_INTEGER }),
      ),
      easiest_difficulty_bits: optional(integer(EASIEST_BITS, { min: 0, max: MAX_DIFFICULTY_BITS })),
      least_difficulty_bits: integer(
        'the same of any share, also of a miner that asks for less: for a port of large machines',
        { min: 0, max: MAX_DIFFICULTY_BITS, default: 0 },
      ),
      tls: flag('true: its miners speak TLS, to the certificate of downstream_tls', { default: false }),
    }),
    'further SV1 ports with difficulties of their own; what one leaves out is as in downstream_difficulty_config',
    { max: 8, default: [] },
  ),
  proxy_protocol_from: list(
    text('an address, or a network as in 10.0.0.0/8', { minLength: 1, maxLength: 64 }),
    'proxies that pass on who connects to them, by a PROXY protocol header (version 1 or 2): it is expected from these and refused from all others',
    { max: 64, default: [] },
  ),
  user_identity: text('the name by which the pool knows this translator', {
    default: 'hashpool',
    pattern: '^[ -~]{1,128}$',
    allowed: 'a text of 1 to 128 printable ASCII characters',
  }),
  upstreams: list(upstream, 'the pools, the preferred one first', { min: 1, max: 8 }),
  aggregate_channels: flag(
    'true: miners that take mining.set_extranonce share channels at the pool, one for each power of two of difficulty; false: each has its own',
    { default: false },
  ),
  difficulties_path: path("the difficulty of each worker's last share, for when it is back", {
    default: 'difficulties.jsonl',
  }),
  journal_path: path('the shares that no pool has answered yet', { default: 'shares.journal' }),
  downstream_difficulty_config: table({
    min_individual_miner_hashrate: integer(ASSUMED_HASHRATE, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      default: 500_000_000_000,
    }),
    shares_per_minute: integer('shares per minute that the pool aims at, as in its own config', {
      min: 1,
      max: 600,
      default: 6,
    }),
    easiest_difficulty_bits: integer(EASIEST_BITS, { min: 0, max: MAX_DIFFICULTY_BITS, default: 32 }),
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
    redeem: choice(
      'what becomes of ehash whose epoch can be redeemed: "auto" turns it into sats, "manual" leaves that to npm run wallet -- redeem',
      ['manual', 'auto'],
      { default: 'manual' },
    ),
    collect_interval_secs: integer('the wallet asks the mint for its ehash this often', {
      min: 1,
      max: 3600,
      default: 5,
    }),
  }),
  faucet: faucetConfig,
  stats: statsClientConfig,
});

export type TranslatorConfig = ConfigOf<typeof translatorConfig>;

/** What a schema can't say: the first rule that keys break between them, in words. */
export function checkTranslator(
  { wallet, faucet, proxy_protocol_from: proxies, ...config }: TranslatorConfig,
  { bitcoin }: ConfigOf<typeof minerSide>,
): string | undefined {
  const bad = proxies.find((entry) => !isAddressOrNetwork(entry));
  if (bad !== undefined) {
    return `proxy_protocol_from: ${quoted(bad)} is no address and no network; write it as 10.0.0.5 or 10.0.0.0/8`;
  }
  if (config.downstream_tls !== undefined && config.downstream_tls.port === config.downstream_port) {
    return 'downstream_tls.port must not be downstream_port: one speaks TLS, the other does not';
  }
  const unproven = config.downstream_listeners.find(({ tls }) => tls);
  if (unproven !== undefined && config.downstream_tls === undefined) {
    return `downstream_listeners: port ${unproven.port} is to speak TLS, and downstream_tls names no certificate; set it`;
  }
  const taken = [config.downstream_port, config.downstream_tls?.port];
  for (const { port: further } of config.downstream_listeners) {
    if (taken.includes(further))
      return `downstream_listeners: port ${further} is named twice; give each its own`;
    taken.push(further);
  }
  return checkFaucet(faucet, { network: bitcoin.network, socketPath: wallet.socket_path });
}
