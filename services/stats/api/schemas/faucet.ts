import type { Static } from 'typebox';
import { asOf, count, flag, object, sum, text } from './fields.ts';

/** `GET /api/faucet`, on the proxy's side */
export const faucetSchema = object({
  as_of: asOf,
  enabled: flag('whether it gives anything; test networks only'),
  amount: count('ehash that it gives at once'),
  per_address_per_day: count('ehash that one address gets in 24 hours'),
  total_per_day: count('ehash that all together get in 24 hours'),
  given: count('ehash that it gave in the last 24 hours'),
});

/** `POST /api/faucet` */
export const giftSchema = object({
  token: text('a Cashu token: whoever has it can spend it'),
  amount: sum('what it is worth'),
  unit: text('in which unit'),
});

export type FaucetView = Static<typeof faucetSchema>;
export type GiftView = Static<typeof giftSchema>;
