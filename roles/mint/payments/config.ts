import type { Static } from 'typebox';
import type { NetworkName } from '../../../protocols/bitcoin/network.ts';
import {
  choice,
  integer,
  optional,
  publicValue,
  secret,
  table,
  url,
} from '../../../runtime/config/fields.ts';
import { bitcoindConfig } from './bitcoind/config.ts';

/** The unit of what is paid over Lightning and the chain. */
export const PAYMENT_UNIT = 'sat';

/** All sats that there will ever be. */
const MAX_SATS = 2_100_000_000_000_000;
const sats = (description: string, value: number) =>
  integer(description, { min: 1, max: MAX_SATS, default: value });

/** What every method has. */
const limits = {
  min_mint: sats(
    'the least that one mint quote takes, in sats; on the chain, that one deposit must bring',
    1,
  ),
  max_mint: sats('the most that one mint quote takes, in sats', 1_000_000),
  min_melt: sats('the least that is paid out at once, in sats', 1),
  max_melt: sats('the most that is paid out at once, in sats', 1_000_000),
  quote_seconds: integer('for how long a quote can be paid', { min: 60, max: 31_536_000, default: 3600 }),
};

const bolt11 = table({
  backend: choice('who pays and is paid over Lightning; "fake" moves no money', ['lnd', 'fake']),
  ...limits,
  fee_reserve_min: integer('the least that is set aside for the fees of a payment, in sats', {
    min: 0,
    max: MAX_SATS,
    default: 2,
  }),
  fee_reserve_ppm: integer('what is set aside for them, in millionths of the amount', {
    min: 0,
    max: 1_000_000,
    default: 10_000,
  }),
});

const onchain = table({
  backend: choice('who pays and is paid on the chain; "fake" moves no money', ['bitcoind', 'fake']),
  ...limits,
});

const lnd = table({
  url: url('lnd\'s REST API, as in "https://127.0.0.1:8080"'),
  certificate: publicValue('the certificate that lnd made for itself, as in "file:/var/lib/lnd/tls.cert"'),
  macaroon: secret(
    'a macaroon of lnd in hex, one that may make, see and pay invoices: `xxd -p -c 0 admin.macaroon` writes it so',
  ),
});

const fake = table({
  pays_after_ms: integer('milliseconds after which an invoice of the fake backend pays itself', {
    min: 0,
    max: 86_400_000,
    default: 500,
  }),
  fee: integer('what each payment of the fake backend costs, in sats', {
    min: 0,
    max: 1_000_000,
    default: 1,
  }),
});

/** `[payments]` of `mint.config.toml`; a mint without it signs ehash alone. */
export const paymentsConfig = table({
  keyset: integer(
    'which of the sat keysets is active, counted from 0; raise it by one to rotate: tokens of those before it are still taken',
    { min: 0, max: 1_000_000, default: 0 },
  ),
  input_fee_ppk: integer(
    'what spending one sat token costs, in thousandths of a sat, summed and rounded up over a request; fixed for a keyset once it is made',
    { min: 0, max: 1_000_000, default: 0 },
  ),
  final_expiry: integer(
    'Unix seconds from which tokens of the keyset are worth nothing, 0 for never; fixed for a keyset once it is made',
    { min: 0, max: Number.MAX_SAFE_INTEGER, default: 0 },
  ),
  forget_after_days: integer(
    'days after its end from which a quote that nobody paid is forgotten, 0 for never; addresses are watched for ever',
    { min: 0, max: 3650, default: 30 },
  ),
  bolt11: optional(bolt11),
  onchain: optional(onchain),
  lnd: optional(lnd),
  bitcoind: optional(bitcoindConfig),
  fake: optional(fake),
});

export type PaymentsConfig = Static<typeof paymentsConfig>;
export type Bolt11Config = Static<typeof bolt11>;
export type OnchainConfig = Static<typeof onchain>;

/** What `[payments]` must hold besides its own form. */
export function checkPayments(
  payments: PaymentsConfig | undefined,
  network: NetworkName,
): string | undefined {
  const { min_fee_rate: least = 0, max_fee_rate: most = 0 } = payments?.bitcoind ?? {};
  if (least > most)
    return `[payments.bitcoind] min_fee_rate is ${least}, above max_fee_rate, ${most}; raise the latter`;
  if (network !== 'mainnet') return undefined;
  for (const method of ['bolt11', 'onchain'] as const) {
    if (payments?.[method]?.backend === 'fake')
      return `[payments.${method}] backend is "fake", which moves no money; on mainnet take a real one`;
  }
  return undefined;
}
