import { h, type JSX } from 'preact';
import type { Miner } from '../../services/stats/api/schemas/miners.ts';
import { grouped, percent } from '../format/amount.ts';
import { asText, hashrate } from '../format/quantity.ts';
import { Ago } from '../parts/as-of.ts';
import { StateMark } from '../parts/state.ts';
import { type Column, Table } from '../parts/table.ts';
import { Term } from '../parts/term.ts';
import { minerStates } from '../words/states.ts';

const columns = (page: string): readonly Column<Miner>[] => [
  {
    title: 'Name',
    cell: ({ id, name }) => h('a', { href: `#/${page}/${id}` }, name === '' ? 'no name' : name),
  },
  { title: 'State', cell: ({ state }) => h(StateMark, minerStates[state]) },
  {
    title: 'Hashrate, 10 min',
    kind: 'number',
    cell: ({ hashrate_10m: { hs } }) => (hs === null ? '–' : asText(hashrate(hs))),
  },
  {
    title: 'Mean, 24 h',
    kind: 'number second-rate',
    cell: ({ day_mean_hs: mean }) => (mean === null ? '–' : asText(hashrate(mean))),
  },
  { title: 'Accepted', kind: 'number third-rate', cell: ({ accepted }) => grouped(accepted) },
  {
    title: h(Term, { of: 'rejects' }),
    kind: 'number second-rate',
    cell: ({ accepted, rejected }) => percent(rejected, accepted + rejected),
  },
  {
    title: 'Last share',
    kind: 'number second-rate',
    cell: ({ last_share_at: at }) => (at === null ? 'none yet' : h(Ago, { at })),
  },
  { title: 'Device', kind: 'third-rate', cell: ({ software }) => software || '–' },
];

export interface MinerTableProps {
  readonly miners: readonly Miner[];
  /** The page that a name leads to. */
  readonly page: string;
}

/** Miners, a line each. */
export function MinerTable({ miners, page }: MinerTableProps): JSX.Element {
  return h(Table<Miner>, { caption: 'Miners', columns: columns(page), rows: miners, keyOf: ({ id }) => id });
}
