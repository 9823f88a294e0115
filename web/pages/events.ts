import { h, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Events } from '../../services/stats/api/schemas/events.ts';
import { useApi } from '../data/use-api.ts';
import { EventsPanel } from '../panels/events-panel.ts';
import { Pager } from '../parts/table.ts';
import { Title } from '../parts/title.ts';

const LIMIT = 100;

/** All that is kept of what happened. */
export function EventsPage(): JSX.Element {
  const [page, setPage] = useState(1);
  const events = useApi<Events>(`api/events?page=${page}&limit=${LIMIT}`);
  return h(
    'div',
    null,
    h(Title, { title: 'Events' }),
    h(EventsPanel, { events, size: '' }),
    h(Pager, { page, limit: LIMIT, total: events.data?.total ?? 0, onPage: setPage }),
  );
}
