import { h, type JSX } from 'preact';
import type { HashrateChart, HashratePoint } from '../../services/stats/api/schemas/hashrate.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { asText, hashrate } from '../format/quantity.ts';
import { dateTime } from '../format/time.ts';
import { Card } from '../parts/card.ts';
import { type Column, Table } from '../parts/table.ts';

/** More than a day is charted by the hour, each hour for itself. */
const HOURS = 25;

const columns: readonly Column<HashratePoint>[] = [
  { title: 'Hour until', cell: ({ at }) => dateTime(at).slice(0, 16) },
  {
    title: 'Mean hashrate',
    kind: 'number',
    cell: ({ hs }) => (hs === null ? 'not known' : asText(hashrate(hs))),
  },
  { title: 'Accepted', kind: 'number', cell: ({ shares }) => grouped(shares) },
  { title: 'Rejected', kind: 'number', cell: ({ rejected }) => grouped(rejected) },
];

/** A miner's last day by the hour: on paper alone, where no chart can be pointed at. */
export function HourTable({ miner }: { readonly miner: number }): JSX.Element {
  const reading = useApi<HashrateChart>(`api/hashrate?hours=${HOURS}&miner=${miner}`, 60_000);
  const hours = (reading.data?.points ?? []).filter(({ hs }) => hs !== null);
  return h(
    'div',
    { class: 'on-paper' },
    h(
      Card,
      { title: 'By the hour', size: 'long', reading, span: `last ${HOURS} h, whole hours` },
      hours.length === 0
        ? h('p', null, 'No hour is over yet.')
        : h(Table<HashratePoint>, {
            caption: 'The last day by the hour',
            columns,
            rows: hours,
            keyOf: ({ at }) => at,
          }),
    ),
  );
}
