import { h, type JSX } from 'preact';
import type { Events, StatsEvent } from '../../services/stats/api/schemas/events.ts';
import type { Reading } from '../data/reading.ts';
import { TimeOf } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Icon } from '../parts/icon.ts';
import { severityStates } from '../words/states.ts';

export interface EventsPanelProps {
  readonly events: Reading<Events>;
  readonly size?: string;
  /** How many of the newest; all that are there where left out. */
  readonly rows?: number;
}

/** What happened, the newest first. */
export function EventsPanel({ events, size = 'third', rows }: EventsPanelProps): JSX.Element {
  const { data } = events;
  return h(
    Card,
    {
      title: 'Events',
      size,
      reading: events,
      tools:
        rows !== undefined &&
        data !== undefined &&
        data.total > rows &&
        h('a', { class: 'small', href: '#/events' }, 'All'),
    },
    data === undefined
      ? h(Skeleton, { lines: 6 })
      : data.events.length === 0
        ? h(
            Empty,
            { icon: 'clock', title: 'Nothing has happened yet' },
            'Miners that come and go, blocks and faults stand here.',
          )
        : h(
            'ul',
            { class: 'rows' },
            data.events.slice(0, rows).map((event) => h(Line, { key: event.id, event })),
          ),
  );
}

function Line({ event }: { readonly event: StatsEvent }): JSX.Element {
  const isNews = event.severity === 'info';
  return h(
    'li',
    { 'data-state': isNews ? undefined : severityStates[event.severity] },
    h(Icon, { name: isNews ? iconOf(event.kind) : severityStates[event.severity] }),
    h(
      'span',
      { class: 'said' },
      !isNews && h('span', { class: 'unseen' }, `${event.severity}: `),
      event.text,
    ),
    h('span', { class: 'when' }, h(TimeOf, { at: event.at })),
  );
}

function iconOf(kind: string): 'block' | 'miner' | 'link' {
  if (kind.startsWith('block')) return 'block';
  return kind.startsWith('miner') ? 'miner' : 'link';
}
