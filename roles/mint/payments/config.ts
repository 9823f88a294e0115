import type { Static } from 'typebox';
import { integer, table } from '../../../runtime/config/fields.ts';

/** The unit of what is paid over Lightning and the chain. */
export const PAYMENT_UNIT = 'sat';

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
});

export type PaymentsConfig = Static<typeof paymentsConfig>;
