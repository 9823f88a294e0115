import { h, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Dependency } from '../../services/stats/api/schemas/health.ts';
import type { ServiceProcess, Services } from '../../services/stats/api/schemas/services.ts';
import type { Live } from '../data/live.ts';
import { useApi } from '../data/use-api.ts';
import { grouped } from '../format/amount.ts';
import { asText, bytes } from '../format/quantity.ts';
import { Ago, TimeOf } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Facts } from '../parts/facts.ts';
import { Icon } from '../parts/icon.ts';
import { StateMark } from '../parts/state.ts';
import { type Column, Table } from '../parts/table.ts';
import { Term } from '../parts/term.ts';
import { Title } from '../parts/title.ts';
import { Verdict } from '../parts/verdict.ts';
import { stateOfDependency } from '../words/states.ts';

/** Everything that the side depends on, with what to do where it fails. */
export function HealthPage({
  live,
  of,
}: {
  readonly live: Live;
  readonly of: string | undefined;
}): JSX.Element {
  const services = useApi<Services>('api/services');
  const dependencies = live.health.data?.dependencies;
  const isThere = dependencies !== undefined;
  useEffect(() => {
    if (of !== undefined && isThere)
      document.getElementById(`part-${of}`)?.scrollIntoView({ block: 'center' });
  }, [of, isThere]);
  return h(
    'div',
    null,
    h(Title, { title: 'Health' }),
    h(
      'div',
      { class: 'grid' },
      h(Verdict, { live, isHeading: false }),
      h(
        Card,
        { title: 'Parts', reading: live.health, span: 'looked at live' },
        dependencies === undefined
          ? h(Skeleton, { lines: 8 })
          : h(
              'ul',
              { class: 'rows' },
              dependencies.map((each) => h(Part, { key: each.name, part: each, isChosen: each.name === of })),
            ),
      ),
      h(
        Card,
        { title: 'Processes', size: 'wide', reading: services, span: 'by their own reports' },
        services.data === undefined
          ? h(Skeleton, { lines: 5 })
          : services.data.processes.length === 0
            ? h(
                Empty,
                { icon: 'link', title: 'No process has reported yet' },
                'Each does so within seconds of its start.',
              )
            : h(Table<ServiceProcess>, {
                caption: 'Processes of this side',
                columns,
                rows: services.data.processes,
                keyOf: ({ role }) => role,
              }),
      ),
      h(RecordPanel, { live, services: services.data }),
    ),
  );
}

function Part({ part, isChosen }: { readonly part: Dependency; readonly isChosen: boolean }): JSX.Element {
  const { state, word } = stateOfDependency(part);
  return h(
    'li',
    { id: `part-${part.name}`, 'data-state': state, class: isChosen ? 'chosen' : undefined },
    h(Icon, { name: state }),
    h('span', { class: 'what' }, part.title),
    h(
      'span',
      { class: 'when' },
      h(StateMark, { state, word }),
      ' for ',
      h(Ago, { at: part.since, isLength: true }),
    ),
    h('span', { class: 'why' }, part.why, part.remedy !== '' && h('span', { class: 'remedy' }, part.remedy)),
  );
}

const columns: readonly Column<ServiceProcess>[] = [
  { title: 'Role', cell: ({ role }) => role },
  {
    title: 'Reports',
    cell: ({ connected, since }) =>
      h(
        'span',
        null,
        h(StateMark, connected ? { state: 'ok', word: 'Yes' } : { state: 'bad', word: 'Silent' }),
        !connected && h('span', { class: 'muted small' }, ' for ', h(Ago, { at: since, isLength: true })),
      ),
  },
  { title: 'What it does', kind: 'second-rate', cell: ({ status }) => status },
  { title: 'Runs for', kind: 'number', cell: ({ started_at: at }) => h(Ago, { at, isLength: true }) },
  { title: 'Memory', kind: 'number second-rate', cell: ({ memory_bytes: count }) => asText(bytes(count)) },
  {
    title: h(Term, { of: 'eventLoop' }),
    kind: 'number third-rate',
    cell: ({ event_loop_delay_ms: delay }) => `${delay < 10 ? delay.toFixed(1) : Math.round(delay)} ms`,
  },
  {
    title: 'CPU',
    kind: 'number third-rate',
    cell: ({ cpu }) => (cpu === null ? '–' : `${Math.round(cpu * 100)} %`),
  },
  { title: 'Connections', kind: 'number third-rate', cell: ({ open_connections: count }) => grouped(count) },
];

/** How whole these figures themselves are. */
function RecordPanel({
  live,
  services,
}: {
  readonly live: Live;
  readonly services: Services | undefined;
}): JSX.Element {
  const stats = live.stats.data;
  return h(
    Card,
    { title: 'This record', size: 'third', reading: live.stats },
    stats === undefined || services === undefined
      ? h(Skeleton, null)
      : h(Facts, {
          facts: [
            ['Kept since', h(TimeOf, { at: stats.recording_since })],
            ['Kept in', services.storage.backend === 'sqlite' ? 'SQLite' : 'PostgreSQL'],
            ['Size', services.storage.bytes === null ? '–' : asText(bytes(services.storage.bytes))],
            ['Writing', services.storage.state === 'ok' ? 'yes' : `paused: ${services.storage.why}`],
            [
              h(Term, { of: 'lostEvents' }),
              stats.lost_events.count === '0'
                ? 'none'
                : h(
                    'span',
                    null,
                    `${grouped(stats.lost_events.count)} events`,
                    stats.lost_events.last_at !== null &&
                      h('span', null, ', ', h(Ago, { at: stats.lost_events.last_at })),
                  ),
            ],
            ['Clients refused', refusedText(services.refused_clients)],
          ],
        }),
  );
}

function refusedText({ rubbish, flood, unknown }: Services['refused_clients']): string {
  const all = rubbish + flood + unknown;
  return all === 0 ? 'none' : `${rubbish} for rubbish, ${flood} for floods, ${unknown} unknown`;
}
