import type { Static } from 'typebox';
import { WHOLE_PPM } from '../../domain/epochs/price.ts';
import { integer, table } from '../../runtime/config/fields.ts';

/** `[auto_payout]` of `mint.config.toml`; a mint without it registers nobody. */
export const autoPayoutConfig = table({
  min_threshold: integer(
    'the least balance that is paid, in sats; miners may set theirs higher, and what is less is carried over',
    { min: 2_000, max: 100_000_000, default: 20_000 },
  ),
  max_fee_ppm: integer(
    'the most that a payment may cost in fees, in millionths of the balance: above it payments wait. The balance bears the fee',
    { min: 1, max: WHOLE_PPM / 2, default: 50_000 },
  ),
});

export type AutoPayoutConfig = Static<typeof autoPayoutConfig>;
