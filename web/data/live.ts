import { useEffect, useState } from 'preact/hooks';
import type { Events, StatsEvent } from '../../services/stats/api/schemas/events.ts';
import type { Health } from '../../services/stats/api/schemas/health.ts';
import type { JobAnswer } from '../../services/stats/api/schemas/job.ts';
import type { LiveMessage } from '../../services/stats/api/schemas/live.ts';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';
import { followLive, type LiveState } from './live-feed.ts';
import { failedReading, nothingRead, type Reading, readingOf } from './reading.ts';
import { request } from './request.ts';

/** What the live feed brings. */
export interface Live {
  readonly state: LiveState;
  readonly stats: Reading<Stats>;
  readonly health: Reading<Health>;
  readonly job: Reading<JobAnswer>;
  readonly events: Reading<Events>;
}

/** Where the feed is cut, the same is asked for so often. */
const POLL_MS = 5_000;
/** Events that are kept for the page; older ones stand on their own page. */
const MAX_EVENTS = 50;

let live: Live = {
  state: { kind: 'connecting' },
  stats: nothingRead,
  health: nothingRead,
  job: nothingRead,
  events: nothingRead,
};
const watchers = new Set<() => void>();

function change(news: Partial<Live>): void {
  live = { ...live, ...news };
  for (const watcher of watchers) watcher();
}

/** What is live, drawn anew whenever that changes. */
export function useLive(): Live {
  const [value, setValue] = useState(live);
  useEffect(() => {
    const look = (): void => setValue(live);
    watchers.add(look);
    look();
    return () => {
      watchers.delete(look);
    };
  }, []);
  return value;
}

/** Begins to follow; once for a page. */
export function startLive(): void {
  followLive({ message: take, state: (state) => change({ state }) });
  setInterval(() => {
    if (live.state.kind !== 'live' && document.visibilityState === 'visible') void poll();
  }, POLL_MS);
}

function take(message: LiveMessage): void {
  if (message.type === 'stats') change({ stats: readingOf(message.data) });
  else if (message.type === 'health') change({ health: readingOf(message.data) });
  else if (message.type === 'job') change({ job: readingOf(message.data) });
  else if (message.type === 'events') change({ events: readingOf(message.data) });
  else if (message.type === 'event') addEvent(message.data);
  else stillTrue(message.data.as_of);
}

/** What has not changed is as true at that time as when it came. */
function stillTrue(at: number): void {
  const renewed = <T>(reading: Reading<T>): Reading<T> =>
    reading.data === undefined ? reading : { data: reading.data, at, isOld: false };
  const { stats, health, job, events } = live;
  change({ stats: renewed(stats), health: renewed(health), job: renewed(job), events: renewed(events) });
}

function addEvent(event: StatsEvent): void {
  const { data } = live.events;
  if (data === undefined || data.events.some(({ id }) => id === event.id)) return;
  const events = [event, ...data.events].slice(0, MAX_EVENTS);
  change({ events: readingOf({ ...data, events, total: data.total + 1, as_of: event.at }) });
}

async function poll(): Promise<void> {
  await Promise.all([
    renew('stats', 'api/stats'),
    renew('health', 'health'),
    renew('job', 'api/job'),
    renew('events', `api/events?limit=${MAX_EVENTS}`),
  ]);
}

async function renew<K extends 'stats' | 'health' | 'job' | 'events'>(key: K, path: string): Promise<void> {
  const before = live[key];
  try {
    const data = await request<NonNullable<Live[K]['data']>>(path);
    change({ [key]: readingOf(data) });
  } catch (error) {
    change({ [key]: failedReading<unknown>(before, error instanceof Error ? error.message : String(error)) });
  }
}
