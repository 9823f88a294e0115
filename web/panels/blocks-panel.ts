import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Block, Blocks } from '../../services/stats/api/schemas/blocks.ts';
import { useApi } from '../data/use-api.ts';
import { counted, grouped } from '../format/amount.ts';
import { bitcoin } from '../format/bitcoin.ts';
import { TimeOf } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Shortened } from '../parts/copy.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { StateMark } from '../parts/state.ts';
import { type Column, Pager, Table } from '../parts/table.ts';
import { blockStates } from '../words/states.ts';

const columns: readonly Column<Block>[] = [
  { title: 'Height', cell: ({ height }) => (height === null ? 'not seen yet' : grouped(height)) },
  { title: 'Found', cell: ({ found_at: at }) => h(TimeOf, { at }) },
  {
    title: 'State',
    cell: ({ state, confirmations }) =>
      h(
        'span',
        null,
        h(StateMark, blockStates[state]),
        state === 'found' && ` ${counted(confirmations, 'confirmation')}`,
      ),
  },
  {
    title: 'Pays the pool',
    kind: 'number second-rate',
    cell: ({ value_sat: value }) => (value === null ? '–' : bitcoin(value)),
  },
  {
    title: 'Miner',
    kind: 'second-rate',
    cell: ({ miner_id: id, miner }) =>
      id === null ? miner || '–' : h('a', { href: `#/miners/${id}` }, miner),
  },
  {
    title: 'Hash',
    kind: 'third-rate',
    cell: ({ hash }) => h(Shortened, { text: hash, label: "the block's hash" }),
  },
];

export interface BlocksPanelProps {
  readonly rows: number;
  readonly hasPages?: boolean;
}

/** The pool's blocks, the newest first. */
export function BlocksPanel({ rows, hasPages = false }: BlocksPanelProps): JSX.Element {
  const [page, setPage] = useState(1);
  const reading = useApi<Blocks>(`api/blocks?page=${page}&limit=${rows}`);
  const { data } = reading;
  return h(
    Card,
    {
      title: 'Blocks',
      size: hasPages ? '' : 'wide',
      reading,
      span: 'since the first record',
      tools:
        !hasPages &&
        data !== undefined &&
        data.total > rows &&
        h('a', { class: 'small', href: '#/blocks' }, `All ${grouped(data.total)}`),
    },
    data === undefined
      ? h(Skeleton, { lines: 4 })
      : data.total === 0
        ? h(
            Empty,
            { icon: 'block', title: 'No block yet' },
            'The first one that the pool finds stands here within seconds, with its confirmations.',
          )
        : h(Table<Block>, {
            caption: 'Blocks of the pool',
            columns,
            rows: data.blocks,
            keyOf: ({ hash }) => hash,
          }),
    hasPages && data !== undefined && h(Pager, { page, limit: rows, total: data.total, onPage: setPage }),
  );
}
