import { h, type JSX } from 'preact';
import type { HashrateChart, HashratePoint } from '../../services/stats/api/schemas/hashrate.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { asText, hashrate } from '../format/quantity.ts';
import { dateTime } from '../format/time.ts';
import { Card } from '../parts/card.ts';
import { type Column, Table } from '../parts/table.ts';

const HOUR_MS = 3_600_000;

interface Hour {
  /** Its end, in milliseconds since 1970. */
  readonly at: number;
  readonly mean: number | null;
  readonly accepted: number;
  readonly rejected: number;
}

const columns: readonly Column<Hour>[] = [
  { title: 'Hour until', cell: ({ at }) => dateTime(at).slice(0, 16) },
  {
    title: 'Mean hashrate',
    kind: 'number',
    cell: ({ mean }) => (mean === null ? 'not known' : asText(hashrate(mean))),
  },
  { title: 'Accepted', kind: 'number', cell: ({ accepted }) => grouped(accepted) },
  { title: 'Rejected', kind: 'number', cell: ({ rejected }) => grouped(rejected) },
];

/** A miner's last day by the hour: on paper alone, where no chart can be pointed at. */
export function HourTable({ miner }: { readonly miner: number }): JSX.Element {
  const reading = useApi<HashrateChart>(`api/hashrate?hours=24&miner=${miner}`, 60_000);
  const hours = reading.data === undefined ? [] : byHour(reading.data.points);
  return h(
    'div',
    { class: 'on-paper' },
    h(
      Card,
      { title: 'By the hour', size: 'long', reading, span: 'last 24 h' },
      h(Table<Hour>, { caption: 'The last 24 hours', columns, rows: hours, keyOf: ({ at }) => at }),
    ),
  );
}

/** Points put together by the hour that they end in; what is not known counts for nothing. */
export function byHour(points: readonly HashratePoint[]): Hour[] {
  const hours = new Map<number, HashratePoint[]>();
  for (const point of points) {
    const end = Math.ceil(point.at / HOUR_MS) * HOUR_MS;
    hours.set(end, [...(hours.get(end) ?? []), point]);
  }
  return [...hours].map(([at, inHour]) => {
    const rates = inHour.flatMap(({ hs }) => (hs === null ? [] : [hs]));
    return {
      at,
      mean: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
      accepted: inHour.reduce((sum, { shares }) => sum + shares, 0),
      rejected: inHour.reduce((sum, { rejected }) => sum + rejected, 0),
    };
  });
}
