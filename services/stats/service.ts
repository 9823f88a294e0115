import { statSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../runtime/logs.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import type { AlertsConfig } from './alerts/config.ts';
import { AlertDesk } from './alerts/desk.ts';
import { openApi } from './api/api.ts';
import type { ApiContext } from './api/context.ts';
import { openNames } from './api/names.ts';
import type { Services } from './api/schemas/services.ts';
import { HealthMonitor } from './health/monitor.ts';
import type { Probe } from './health/probe.ts';
import { listenStats } from './listener.ts';
import { Board } from './live/board.ts';
import { DayMeans } from './live/day-means.ts';
import { EventLog, RECENT_EVENTS } from './live/events.ts';
import { KnownMiners } from './live/known-miners.ts';
import { Recorder } from './live/recorder.ts';
import { Sources } from './live/sources.ts';
import type { Metrics } from './metrics/metrics.ts';
import { openStatsStores } from './store/store.ts';
import { Writer } from './writer.ts';

export interface StatsServiceOptions {
  readonly side: 'pool' | 'proxy';
  readonly network: string;
  /** Roles that may report. */
  readonly roles: readonly string[];
  readonly host: string;
  readonly tcpPort: number;
  readonly httpPort: number;
  /** Path of a SQLite file, or URL of a PostgreSQL database. */
  readonly place: string;
  readonly redact: { readonly names: boolean; readonly addresses: boolean };
  /** The folder whose disk must have room, and how many bytes of it, or nothing is written. */
  readonly disk: { readonly folder: string; readonly pauseBytes: number };
  readonly alerts: AlertsConfig;
  /** The secret behind a reference of the config. */
  readonly read: (reference: string) => string;
  readonly log: Logger;
  /** Unix ms. */
  readonly clock: () => number;
  probes(parts: ProbeParts): readonly Probe[];
  readonly metrics: Metrics;
  /** Routes of this side alone, and the answer to `/`. */
  addRoutes(http: FastifyInstance, context: ApiContext): void;
}

/** What probes look at besides the world. */
export interface ProbeParts {
  readonly board: Board;
  readonly writer: Writer;
  /** Where the database lies. */
  readonly disk: { readonly folder: string };
  readonly begun: number;
}

export interface StatsService {
  /** Answers while both threads of the store do. */
  ping(): Promise<unknown>;
  readonly board: Board;
  readonly context: ApiContext;
  readonly tcpPort: number;
  readonly url: string;
  /** Written so far, in words. */
  close(): Promise<void>;
}

const JUDGE_MS = 5_000;

/** Opens a stats service: store, events in, health, HTTP out. Both sides are made of it. */
export async function openStatsService(options: StatsServiceOptions): Promise<StatsService> {
  const { side, network, log, clock, place, metrics } = options;
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const each of closers.reverse()) await each();
  };
  try {
    const stores = await openStatsStores(place);
    const { reads, writes } = stores;
    closers.push(() => stores.close());
    const begun = clock();
    const recordingSince = await writes.call('begin', begun);
    const [totals, known, stored, marks] = await Promise.all([
      reads.call('totals', null),
      reads.call('known', null),
      reads.call('events', { limit: RECENT_EVENTS, offset: 0 }),
      reads.call('sources', null),
    ]);
    const sources = new Sources(marks);
    const recorder = new Recorder(totals);
    const miners = new KnownMiners(known, begun);
    const events = new EventLog(stored, clock);
    events.listen((event) => recorder.event(event));
    const board = new Board({ side, network, recorder, miners, events, clock, metrics });
    const means = new DayMeans({ store: reads, miners, clock, log });
    await means.open();
    closers.push(() => means.close());
    const writer = new Writer({ store: writes, recorder, sources, events, log, clock, disk: options.disk });
    closers.push(() => writer.close());
    const judging = setInterval(() => board.judge(), JUDGE_MS);
    closers.push(() => clearInterval(judging));
    const isSeeing = () => board.isSeeing;
    const desk = new AlertDesk({
      config: options.alerts,
      miners,
      events,
      isSeeing,
      read: options.read,
      log,
      clock,
    });
    closers.push(() => desk.close());
    const listener = await listenStats({ ...options, port: options.tcpPort, board, sources });
    closers.push(() => listener.close());
    const health = new HealthMonitor({
      side,
      log,
      clock,
      probes: options.probes({ board, writer, disk: options.disk, begun }),
      onChange: ({ name, title, state, matters, why }) =>
        events.add({
          kind: `dependency-${state}`,
          severity: state !== 'failing' ? 'info' : matters ? 'critical' : 'warning',
          subject: name,
          text: `${title}: ${why}`,
        }),
    });
    closers.push(() => health.close());
    const context: ApiContext = {
      side,
      network,
      store: reads,
      board,
      miners,
      recorder,
      events,
      names: openNames(options.redact),
      health,
      self: { refused: () => listener.refused, storage: () => storageOf(place, writer) },
      recordingSince,
      lostAt: () => writer.lostAt ?? totals.lostAt,
      clock,
    };
    const api = openApi(context, { log, metrics, addRoutes: options.addRoutes });
    closers.push(() => api.close());
    const url = await api.listen(options.host, options.httpPort);
    await health.start();
    log.info({ url, events: listener.port }, 'dashboard, API, health and metrics');
    const ping = () => Promise.all([writes.call('ping', null), reads.call('ping', null)]);
    return { ping, board, context, tcpPort: listener.port, url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function storageOf(place: string, writer: Writer): Services['storage'] {
  const trouble = writer.trouble;
  return {
    state: trouble === undefined ? 'ok' : 'paused',
    why: trouble ?? '',
    backend: isPostgres(place) ? 'postgres' : 'sqlite',
    bytes: isPostgres(place) ? null : (statSync(place, { throwIfNoEntry: false })?.size ?? null),
  };
}
