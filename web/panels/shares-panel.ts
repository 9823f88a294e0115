import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Rejected, RejectReason } from '../../services/stats/api/schemas/rejected.ts';
import { useApi } from '../data/use-api.ts';
import { grouped, percent } from '../format/amount.ts';
import { Ago } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Choice } from '../parts/choice.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Figure, Figures } from '../parts/figure.ts';
import { type CountHours, countHours, lastHours } from '../words/windows.ts';

/** What became of the shares: how many were accepted, and of the others why not and what to do. */
export function SharesPanel({ size = 'third' }: { readonly size?: string }): JSX.Element {
  const [hours, setHours] = useState<CountHours>(24);
  const reading = useApi<Rejected>(`api/shares/rejected?hours=${hours}`);
  return h(
    Card,
    {
      title: 'Shares',
      size,
      reading,
      span: lastHours(hours),
      tools: h(Choice<CountHours>, {
        label: 'Window',
        options: countHours,
        value: hours,
        onChange: setHours,
      }),
    },
    reading.data === undefined ? h(Skeleton, { lines: 5 }) : h(Outcomes, reading.data),
  );
}

function Outcomes({ accepted, rejected, reasons, hours }: Rejected): JSX.Element {
  if (accepted + rejected === 0) {
    return h(
      Empty,
      { icon: 'miner', title: `No shares in the ${lastHours(hours)}` },
      'They come as soon as a miner is connected.',
    );
  }
  return h(
    'div',
    null,
    h(
      Figures,
      null,
      h(Figure, {
        label: 'accepted',
        value: { value: percent(accepted, accepted + rejected), unit: '' },
        note: `${grouped(accepted)} of ${grouped(accepted + rejected)}`,
      }),
      h(Figure, {
        label: 'rejected',
        value: { value: grouped(rejected), unit: '' },
        note: rejected === 0 ? 'none' : percent(rejected, accepted + rejected),
      }),
    ),
    h(
      'div',
      { class: 'bar', 'aria-hidden': 'true' },
      h('span', { 'data-state': 'ok', style: { flexGrow: accepted } }),
      rejected > 0 && h('span', { 'data-state': 'low', style: { flexGrow: rejected } }),
    ),
    h(ReasonList, { reasons }),
  );
}

type Reason = Pick<RejectReason, 'reason' | 'words' | 'count' | 'last_at'> &
  Partial<Pick<RejectReason, 'remedy'>>;

/** Why shares were rejected, in words, the most frequent first. */
export function ReasonList({ reasons }: { readonly reasons: readonly Reason[] }): JSX.Element {
  if (reasons.length === 0) return h('p', { class: 'muted' }, 'No share was rejected.');
  return h(
    'ul',
    { class: 'rows' },
    reasons.map(({ reason, words, remedy, count, last_at }) =>
      h(
        'li',
        { key: reason },
        h('span', { class: 'swatch', 'data-state': 'low' }),
        h('span', { class: 'what' }, words),
        h('span', null, grouped(count)),
        remedy !== undefined && h('span', { class: 'why' }, remedy),
        last_at !== null && h('span', { class: 'why' }, 'The last one ', h(Ago, { at: last_at })),
      ),
    ),
  );
}
