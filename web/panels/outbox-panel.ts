import { h, type JSX } from 'preact';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';
import type { Reading } from '../data/reading.ts';
import { grouped } from '../format/amount.ts';
import { duration } from '../format/duration.ts';
import { amount } from '../parts/amount.ts';
import { Card } from '../parts/card.ts';
import { Skeleton } from '../parts/empty.ts';
import { Facts } from '../parts/facts.ts';
import { Figure, Figures } from '../parts/figure.ts';
import { Term } from '../parts/term.ts';

/** Older than this, and the mint does not keep up or is away. */
const OLD_MS = 10_000;

/** From accepted shares to ehash: what waits for the mint, and what the mint holds. */
export function OutboxPanel({ stats: reading }: { readonly stats: Reading<Stats> }): JSX.Element {
  const { data } = reading;
  return h(
    Card,
    {
      title: h('span', null, 'From shares to ', h(Term, { of: 'ehash' })),
      size: 'third',
      reading,
      span: 'since the first record',
    },
    data === undefined ? h(Skeleton, { lines: 5 }) : h(Content, data),
  );
}

function Content({ outbox, quotes, ledger }: Stats): JSX.Element {
  return h(
    'div',
    null,
    h(
      Figures,
      null,
      h(Figure, {
        label: h(Term, { of: 'outbox' }),
        value: outbox === null ? undefined : { value: grouped(outbox.depth), unit: 'shares' },
        note: noteOf(outbox),
      }),
      h(Figure, {
        label: 'refused by the mint',
        value: { value: grouped(quotes.refused), unit: 'shares' },
      }),
    ),
    h(Facts, {
      facts: [
        ['Shares at the mint', ledger === null ? '–' : grouped(ledger.quotes)],
        ['Ehash for them', ledger === null ? '–' : amount(ledger.ehash_total)],
        ['of this, taken by wallets', ledger === null ? '–' : amount(ledger.ehash_issued)],
        ['still waiting for them', ledger === null ? '–' : amount(ledger.ehash_waiting)],
      ],
    }),
  );
}

function noteOf(outbox: Stats['outbox']): string {
  if (outbox === null) return 'the pool has not said yet';
  if (outbox.depth === '0') return 'the mint has all';
  if (outbox.oldest_ms < 1_000) return 'on their way';
  const waits = `the oldest waits for ${duration(outbox.oldest_ms / 1000)}`;
  return outbox.oldest_ms > OLD_MS ? `${waits}: is the mint there?` : waits;
}
