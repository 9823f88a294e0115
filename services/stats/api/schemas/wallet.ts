import { type Static, Type } from 'typebox';
import { EPOCH_STATES } from '../../../../protocols/stats/messages.ts';
import { HISTORY_KINDS } from '../../../wallet/history.ts';
import { asOf, count, flag, list, nullable, object, sum, text, time } from './fields.ts';

const signedSum = (description: string) =>
  Type.String({ pattern: '^(0|-?[1-9][0-9]*)$', description: `${description}, a decimal integer` });

const line = object({
  id: count('grows with time'),
  at: time('when'),
  kind: text(HISTORY_KINDS.join(', ')),
  unit: text('of the amount'),
  amount: signedSum('units that came, or with a minus went, without the fee'),
  fee: sum('units that the mint has kept'),
  operations: count('that this line stands for'),
  note: text('what it was for; plain text, never markup'),
});

const epoch = object(
  {
    state: Type.Enum([...EPOCH_STATES]),
    redeemable_from: nullable(count('the first height at which it can be redeemed; null while it is open')),
    redeemable_before: nullable(count('the first height at which it can no more')),
    price: nullable(
      object(
        { payable_sat: sum('sats for all its holders'), work: sum('ehash that shares them') },
        'null before it is fixed',
      ),
    ),
  },
  'how the epoch of the unit stands, as the mint tells; null for other units, and where it does not tell',
);

/** `GET /api/wallet`, on the proxy's side */
export const walletSchema = object({
  as_of: asOf,
  available: flag('whether the wallet answers'),
  why: text('where it does not, in words'),
  balances: list(
    object({
      unit: text('unit'),
      amount: sum('in the wallet, to be spent'),
      waiting: sum('earned and still at the mint'),
      reserved: sum('in an operation that the mint has not answered yet'),
      sent: sum('handed out and not claimed yet'),
      epoch: nullable(epoch),
    }),
    'by unit',
  ),
  history: list(line, 'the newest first'),
  next: nullable(count('id for the next page of the history')),
});

export const walletQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50, description: 'lines' })),
    before: Type.Optional(
      Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'lines older than this id' }),
    ),
  },
  { additionalProperties: false },
);

export type WalletView = Static<typeof walletSchema>;
export type WalletQuery = { limit: number; before?: number };
