import type { Static } from 'typebox';
import { integer, optional, table } from '../../../runtime/config/fields.ts';

/** `[coinbase_payouts]` of `mint.config.toml`; a mint without it has nobody paid by coinbases. */
export const coinbasePayoutsConfig = table({
  threshold_sats: integer(
    'the least balance that is paid by a coinbase, in sats; the threshold that a miner has registered counts besides',
    { min: 546, max: 2_100_000_000_000_000, default: 100_000 },
  ),
  max_outputs: integer(
    "balances that one coinbase pays at most, the largest first; what the pools' configs leave room for counts besides",
    { min: 1, max: 900, default: 50 },
  ),
  wait_blocks: optional(
    integer(
      'blocks after its last credit for which a balance waits for a coinbase; then it is paid on the chain, where [auto_payout] does so; left out, it waits until it is paid',
      { min: 1, max: 52_560 },
    ),
  ),
});

export type CoinbasePayoutsConfig = Static<typeof coinbasePayoutsConfig>;
