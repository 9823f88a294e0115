import { type ComponentChildren, h, type JSX } from 'preact';
import type { Miners } from '../../services/stats/api/schemas/miners.ts';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { Card } from '../parts/card.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { StateMark } from '../parts/state.ts';
import { minerStates } from '../words/states.ts';
import { MinerTable } from './miner-table.ts';

/** Rows on the overview; the others have a page of their own. */
const ROWS = 8;

export interface MinersPanelProps {
  readonly title: string;
  /** The page of all of them. */
  readonly page: string;
  readonly stats: Stats | undefined;
  readonly empty: ComponentChildren;
}

/** The strongest miners, and how many are well. */
export function MinersPanel({ title, page, stats, empty }: MinersPanelProps): JSX.Element {
  const reading = useApi<Miners>(`api/miners?hours=24&limit=${ROWS}`);
  const { data } = reading;
  return h(
    Card,
    {
      title,
      size: 'wide',
      reading,
      span: 'shares of the last 24 h',
      tools: stats !== undefined && h(Counts, { counts: stats.miners }),
    },
    data === undefined
      ? h(Skeleton, { lines: 5 })
      : data.total === 0
        ? h(Empty, { icon: 'miner', title: 'No miner has connected yet' }, empty)
        : h(MinerTable, { miners: data.miners, page }),
    data !== undefined &&
      data.total > ROWS &&
      h('p', { class: 'under' }, h('a', { href: `#/${page}` }, `All ${grouped(data.total)}`)),
  );
}

/** How many are in which state. */
export function Counts({ counts }: { readonly counts: Stats['miners'] }): JSX.Element {
  return h(
    'span',
    { class: 'counts small' },
    (['ok', 'low', 'offline'] as const).map((key) =>
      h(StateMark, {
        key,
        state: counts[key] === 0 ? 'off' : minerStates[key].state,
        word: `${grouped(counts[key])} ${minerStates[key].word}`,
      }),
    ),
  );
}
