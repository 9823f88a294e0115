import { h, type JSX } from 'preact';
import type { Epochs } from '../../services/stats/api/schemas/epochs.ts';
import type { Reading } from '../data/reading.ts';
import { counted, integer } from '../format/amount.ts';
import { bitcoin } from '../format/bitcoin.ts';
import { TimeOf } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { type Fact, Facts } from '../parts/facts.ts';
import { StateMark } from '../parts/state.ts';
import { Term } from '../parts/term.ts';
import type { StateWord } from '../words/states.ts';

type Books = NonNullable<Epochs['sats']>;

/** What the mint owes in sats, and what is there for it. */
export function BooksPanel({ reading }: { readonly reading: Reading<Epochs> }): JSX.Element {
  const { data } = reading;
  const books = data?.sats ?? null;
  return h(
    Card,
    { title: 'Reserve and liability', reading },
    data === undefined
      ? h(Skeleton, { lines: 4 })
      : books === null
        ? h(
            Empty,
            { icon: 'coins', title: 'Not told yet' },
            'The mint compares its books as it starts, and every ten minutes.',
          )
        : h(Facts, { facts: factsOf(books, data.reports) }),
  );
}

function factsOf(books: Books, reports: Epochs['reports']): readonly Fact[] {
  const last = reports?.last;
  const kept: readonly Fact[] = [
    ['Fees of the operator', bitcoin(books.fees_sat)],
    ['Kept back by rounding', bitcoin(books.dust_sat)],
    ['Ended, the operator’s', bitcoin(books.expired_sat)],
    ['Ended, part of a reward to come', bitcoin(books.carried_sat)],
  ];
  const { coinbase_balances: balances, coinbase_sat } = books;
  const waiting: readonly Fact[] =
    balances === 0
      ? []
      : [['Waits for the coinbase of a block', `${bitcoin(coinbase_sat)} of ${counted(balances, 'miner')}`]];
  return [
    [
      h(Term, { of: 'reserve' }),
      h(
        'span',
        null,
        books.reserve_sat === null ? '' : `${bitcoin(books.reserve_sat)} `,
        h(StateMark, coverOf(books)),
      ),
    ],
    ...(last
      ? [[h(Term, { of: 'proven' }), `${bitcoin(last.proven_sat)} by report ${last.number}`] as const]
      : []),
    [h(Term, { of: 'liability' }), bitcoin(books.owed_sat)],
    ['Owed to holders of redeemable ehash', bitcoin(books.owed_ehash_sat)],
    ...waiting,
    ...kept.filter(([, value]) => value !== '0 BTC'),
    ['Compared', h(TimeOf, { at: books.as_of })],
  ];
}

function coverOf({ reserve_sat, owed_sat }: Books): StateWord {
  const [reserve, owed] = [integer(reserve_sat), integer(owed_sat) ?? 0n];
  if (reserve === undefined) return { state: 'off', word: 'Not known' };
  return reserve < owed
    ? { state: 'bad', word: 'Less than is owed' }
    : { state: 'ok', word: 'Covers what is owed' };
}
