import { type Static, Type } from 'typebox';
import { EPOCH_STATES } from '../../../../protocols/stats/messages.ts';
import { asOf, count, flag, list, nullable, object, sum, text, time } from './fields.ts';

const price = object(
  {
    payable_sat: sum('sats for its holders: the reward less the fee'),
    work: sum('ehash that shares them'),
    is_fixed: flag('whether nothing changes any more; else it is what it would be by the present work'),
  },
  'payable_sat / work are the sats of one ehash',
);

export const epochSchema = object({
  unit: text('of its ehash'),
  pool: text('identity of its pool, 66 hex digits'),
  state: Type.Enum([...EPOCH_STATES], {
    description: 'unproven: whether its block is the pool’s is not known; merged: it shares another’s reward',
  }),
  as_of: time('when the mint told this'),
  opened_height: count('the block that opened it'),
  closed_height: nullable(count('the block that closed it and backs it; null while it is open')),
  due_height: nullable(
    count('the height at which it leaves its state; null where a block of the pool decides'),
  ),
  due_at: nullable(time('when that height is expected, at ten minutes a block; null on regtest')),
  overdue_blocks: count('blocks that have passed since then'),
  redeemable_from: nullable(count('the first height at which it can be redeemed; null while it is open')),
  redeemable_before: nullable(count('the first height at which it can no more')),
  fee_ppm: count("the operator's part of the reward, in millionths"),
  minimum_difficulty: count('one ehash is 2^this hashes'),
  quotes: sum('shares of it'),
  work: sum('ehash of all of them'),
  issued: sum('of this, minted by wallets'),
  outstanding: sum('of this, neither redeemed nor spent: tokens out there'),
  gifts_sat: sum('of the reward, what blocks that are none of the pool’s paid to its script'),
  reward_sat: sum('what the block that closed it pays the pool and balances, and the gifts'),
  price: nullable(price),
  redeemed: sum('ehash that its holders have redeemed'),
  redeemed_sat: sum('sats that were given for it'),
  auto_paid: sum('ehash that went to balances of miners without a wallet'),
  auto_paid_sat: sum('sats that they were credited for it'),
  owed_sat: sum(
    'sats that are left for who has neither redeemed nor been credited; 0 before its price is fixed, and once it has ended',
  ),
  dust_sat: sum('sats that rounding has kept back'),
});

const sats = object(
  {
    as_of: time('when the mint compared its books'),
    reserve_sat: nullable(sum("held by the mint's payment backends; null where none says")),
    owed_sat: sum(
      'to holders of sat ecash, who may ask for it at any moment, and to miners that are paid without a wallet',
    ),
    owed_ehash_sat: sum('to holders of redeemable ehash'),
    fees_sat: sum("the operator's part of rewards"),
    dust_sat: sum('kept back by rounding, of epochs that have ended'),
    expired_sat: sum("not redeemed in time, and the operator's"),
    carried_sat: sum('not redeemed in time, and part of a reward to come'),
    coinbase_balances: count(
      'balances of miners without a wallet that wait to be paid by the coinbase of a block',
    ),
    coinbase_sat: sum('what they come to'),
  },
  "the mint's books of sats",
);

const reports = object(
  {
    as_of: time('when the mint told of them'),
    last: nullable(
      object({
        number: count('of the last report'),
        height: count('of the chain when it was made'),
        proven_sat: sum('in coins whose keys were proven for it'),
      }),
    ),
    due: count('epochs whose price is in no report yet'),
    failed: count('tries at a report that came to nothing, since the mint was started'),
    samples_due: count('epochs in reports whose shares have not been shown yet'),
  },
  "the mint's signed reports of its books",
);

/** `GET /api/epochs` */
export const epochsSchema = object({
  as_of: asOf,
  page: count('as asked'),
  limit: count('as asked'),
  total: count('epochs on all pages: the latest that the mint tells of'),
  tip: nullable(count('height of the chain, as the mint follows it')),
  sats: nullable(sats),
  reports: nullable(reports),
  epochs: list(epochSchema, 'this page, the newest first'),
});

export type Epoch = Static<typeof epochSchema>;
export type Epochs = Static<typeof epochsSchema>;
