import { h, type JSX } from 'preact';
import type { Declarations } from '../../services/stats/api/schemas/declarations.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { Card } from '../parts/card.ts';
import { Facts } from '../parts/facts.ts';
import { Icon } from '../parts/icon.ts';
import { Term } from '../parts/term.ts';
import { declarationRefusals } from '../words/declarations.ts';

const marks = { ok: 'ok', failing: 'bad', unknown: 'off' } as const;

/** Blocks that one's own node chooses the transactions of; nothing where there is no jd-client. */
export function OwnJobsPanel(): JSX.Element | null {
  const reading = useApi<Declarations>('api/declarations');
  const own = reading.data?.own ?? null;
  if (own === null) return null;
  const { pools, made, accepted, refused, shares, blocks, blocks_unseen: unseen } = own;
  return h(
    Card,
    { title: h(Term, { of: 'ownJobs' }), reading, span: 'since the jd-client’s last start' },
    h(
      'ul',
      { class: 'rows', 'aria-label': 'Pools for own jobs' },
      pools.map(({ name, in_use: inUse, state, why }) =>
        h(
          'li',
          { key: name, 'data-state': marks[state] },
          h(Icon, { name: marks[state] }),
          h('span', { class: 'what' }, name === 'solo' ? 'solo mining' : name, inUse && ', in use'),
          h('span', { class: 'why' }, why),
        ),
      ),
    ),
    h(Facts, {
      facts: [
        ['Jobs made', grouped(made)],
        ['Jobs taken by the pool', grouped(accepted)],
        ...refused.map(
          ({ reason, count }) =>
            [`Refused: ${declarationRefusals[reason] ?? reason}`, grouped(count)] as const,
        ),
        ['Shares that wait for an answer', grouped(shares.waiting)],
        ['Blocks found', grouped(blocks)],
        ...(unseen > 0 ? [['Of them not in the chain yet', grouped(unseen)] as const] : []),
      ],
    }),
  );
}
