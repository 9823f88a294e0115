import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { StatsMessage } from '../../../../protocols/stats/messages.ts';
import type { AlertsConfig } from '../../../../services/stats/alerts/config.ts';
import type { Stats } from '../../../../services/stats/api/schemas/stats.ts';
import { openStatsClient, type StatsClient } from '../../../../services/stats/client/client.ts';
import type { Probe } from '../../../../services/stats/health/probe.ts';
import { openMetrics } from '../../../../services/stats/metrics/metrics.ts';
import { openStatsService, type StatsService } from '../../../../services/stats/service.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

export const silent = pino({ level: 'silent' });
const LIMIT_MS = 30_000;

export interface ServiceOptions {
  /** Path or URL; a new file where left out. */
  readonly place?: string;
  readonly tcpPort?: number;
  readonly probes?: readonly Probe[];
  readonly redact?: { readonly names: boolean; readonly addresses: boolean };
  readonly pauseBytes?: () => number;
  readonly side?: 'pool' | 'proxy';
  readonly alerts?: AlertsConfig;
}

/** A stats service of its own; it ends with the test, where it has not before. */
export async function startService(
  t: Pick<TestContext, 'after'>,
  options: ServiceOptions = {},
): Promise<StatsService & { readonly place: string }> {
  const folder = temporaryFolder();
  const place = options.place ?? join(folder, 'stats.sqlite');
  const service = await openStatsService({
    side: options.side ?? 'pool',
    network: 'regtest',
    roles: options.side === 'proxy' ? ['translator', 'jd-client'] : ['pool', 'mint', 'jd-server'],
    host: '127.0.0.1',
    tcpPort: options.tcpPort ?? 0,
    httpPort: 0,
    place,
    redact: options.redact ?? { names: false, addresses: true },
    disk: {
      folder,
      get pauseBytes() {
        return options.pauseBytes?.() ?? 0;
      },
    },
    alerts: options.alerts ?? { after_sec: 300, to: [] },
    read: (reference) => `secret of ${reference}`,
    log: silent,
    clock: Date.now,
    metrics: openMetrics(),
    probes: () => options.probes ?? [],
    addRoutes: () => undefined,
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= service.close();
    return closed;
  };
  t.after(close);
  return { ...service, place, close };
}

/** A role that reports to that port. */
export function startRole(
  t: Pick<TestContext, 'after'>,
  port: number,
  { role = 'pool', bufferEvents = 50_000 } = {},
): StatsClient {
  const client = openStatsClient({
    role,
    config: { stats_server_address: `127.0.0.1:${port}`, buffer_events: bufferEvents },
    health: () => ({ status: 'serving', links: [{ name: 'work', state: 'ok', why: 'there is some' }] }),
    log: silent,
  });
  t.after(() => client.close());
  return client;
}

export async function get<T>(service: Pick<StatsService, 'url'>, path: string): Promise<T> {
  return (await (await fetch(`${service.url}${path}`)).json()) as T;
}

export const statsOf = (service: Pick<StatsService, 'url'>): Promise<Stats> => get(service, '/api/stats');

/** Waits for a state; a busy machine may take its time. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; await delay(20)) if (await condition()) return;
  throw new Error(`waited ${LIMIT_MS / 1000} s for ${what}`);
}

/** Opens a channel of a miner. */
export function openChannel(connection: number, name: string): StatsMessage[] {
  const at = BigInt(Date.now());
  return [
    {
      name: 'DownstreamConnected',
      at,
      downstream_id: connection,
      flags: 0,
      address: '10.0.0.1:5000',
      software: 'test',
    },
    {
      name: 'ChannelOpened',
      at,
      downstream_id: connection,
      channel_id: 1,
      kind: 1,
      difficulty: 32,
      hashrate: 0n,
      user_identity: name,
    },
  ];
}

export function share(
  connection: number,
  { count = 1, k = 32, at = Date.now(), worker = '' } = {},
): StatsMessage {
  return {
    name: 'ShareSubmitted',
    at: BigInt(at),
    downstream_id: connection,
    channel_id: 1,
    count,
    difficulty: k,
    best_hash: new Uint8Array(32).fill(1),
    slowest_us: 1000,
    worker,
  };
}
