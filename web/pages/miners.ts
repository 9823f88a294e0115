import { type ComponentChildren, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Miner, Miners } from '../../services/stats/api/schemas/miners.ts';
import { useApi } from '../data/use-api.ts';
import { counted } from '../format/amount.ts';
import { MinerTable } from '../panels/miner-table.ts';
import { Card } from '../parts/card.ts';
import { Choice } from '../parts/choice.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Pager } from '../parts/table.ts';
import { Title } from '../parts/title.ts';

const LIMIT = 50;
const MAX_SEARCH = 100;

type Filter = Miner['state'] | 'all';
type Sort = 'hashrate' | 'name' | 'last_share';

const filters: readonly (readonly [Filter, string])[] = [
  ['all', 'All'],
  ['ok', 'OK'],
  ['low', 'Low'],
  ['offline', 'Offline'],
];
const sorts: readonly (readonly [Sort, string])[] = [
  ['hashrate', 'Fastest'],
  ['name', 'Name'],
  ['last_share', 'Last share'],
];

export interface MinersPageProps {
  readonly title: string;
  /** This page's name in addresses. */
  readonly page: string;
  /** What to do where no miner has ever connected. */
  readonly empty: ComponentChildren;
}

/** All miners, to search, filter and sort. */
export function MinersPage({ title, page: name, empty }: MinersPageProps): JSX.Element {
  const [filter, setFilter] = useState<Filter>('all');
  const [sort, setSort] = useState<Sort>('hashrate');
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const query = new URLSearchParams({ hours: '24', page: String(page), limit: String(LIMIT), sort });
  if (filter !== 'all') query.set('state', filter);
  if (search !== '') query.set('search', search);
  const reading = useApi<Miners>(`api/miners?${query}`);
  const { data } = reading;
  /** What one chooses begins at its first page. */
  const anew =
    <T>(set: (value: T) => void) =>
    (value: T): void => {
      set(value);
      setPage(1);
    };
  return h(
    'div',
    null,
    h(Title, { title }),
    h(
      Card,
      {
        title: data === undefined ? 'Miners' : counted(data.total, 'miner'),
        reading,
        span: 'shares of the last 24 h',
        tools: h(
          'div',
          { class: 'filters' },
          h('input', {
            type: 'search',
            class: 'field',
            placeholder: 'Search names',
            'aria-label': 'Search names',
            maxLength: MAX_SEARCH,
            value: search,
            onInput: (event: Event) => anew(setSearch)((event.currentTarget as HTMLInputElement).value),
          }),
          h(Choice<Filter>, { label: 'State', options: filters, value: filter, onChange: anew(setFilter) }),
          h(Choice<Sort>, { label: 'Order', options: sorts, value: sort, onChange: anew(setSort) }),
        ),
      },
      data === undefined
        ? h(Skeleton, { lines: 8 })
        : data.miners.length > 0
          ? h(MinerTable, { miners: data.miners, page: name })
          : filter === 'all' && search === ''
            ? h(Empty, { icon: 'miner', title: 'No miner has connected yet' }, empty)
            : h(
                Empty,
                { icon: 'miner', title: 'None like that' },
                'Choose another state or search for less.',
              ),
      data !== undefined && h(Pager, { page, limit: LIMIT, total: data.total, onPage: setPage }),
    ),
  );
}
