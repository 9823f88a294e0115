import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { STATS_VERSION, type StatsMessage } from '../../protocols/stats/messages.ts';
import { openStatsConnection, type StatsConnection } from '../../services/stats/client/connection.ts';
import type { Figure, Session } from './figure.ts';
import type { Usage } from './stats-service.ts';

const MINERS = 10_000;
export const EVENTS_PER_SECOND = 5_000;
const SLICE_MS = 50;
const MIB = 1024 ** 2;
const BEST = Uint8Array.from(randomBytes(32));

/** A stats service under load: 5,000 shares a second of 10,000 miners, while pages ask for figures and charts. */
function loaded(seconds: number): Figure {
  return {
    name: `event into a stats service, ${EVENTS_PER_SECOND} a second of ${MINERS} miners, ${seconds} s`,
    unit: 'per second and core',
    ...(seconds > 10 ? { runs: 1 } : {}),
    async open(): Promise<Session> {
      const service = await startService();
      const times = { '/api/stats': [] as number[], '/api/hashrate?hours=24': [] as number[] };
      let last: Usage = await usage(service.child);
      for (const event of everybody()) service.connection.send(event);
      service.connection.flush();
      return {
        async run() {
          const before = await usage(service.child);
          const asking = new AbortController();
          const asked = Promise.all(
            Object.entries(times).map(([path, list]) => ask(`${service.url}${path}`, list, asking.signal)),
          );
          const operations = await load(service.connection, seconds);
          asking.abort();
          await asked;
          last = await usage(service.child);
          return { operations, cpuUs: last.cpuUs - before.cpuUs };
        },
        readings: () => [
          ...Object.entries(times).map(([path, list]) => ({
            name: `p99 of ${path} under it`,
            unit: 'ms',
            value: percentile(list),
          })),
          { name: 'resident memory of it', unit: 'MiB', value: last.residentBytes / MIB },
          { name: 'its database', unit: 'MiB', value: last.databaseBytes / MIB },
        ],
        close: () => service.close(),
      };
    },
  };
}

export const figures: Figure[] = [loaded(2)];
export const sustained = ({ seconds }: { seconds: number }): Figure[] => [loaded(seconds)];

async function startService() {
  const child = fork(fileURLToPath(new URL('./stats-service.ts', import.meta.url)));
  const [{ port, url }] = (await once(child, 'message')) as [{ port: number; url: string }];
  const open = {
    name: 'OpenStats' as const,
    version: STATS_VERSION,
    role: 'pool',
    instance: Uint8Array.from(randomBytes(16)),
    started_at: 0n,
    software: 'bench',
  };
  const server = { host: '127.0.0.1', port };
  const connection = await openStatsConnection(server, open, new AbortController().signal);
  connection.send({ name: 'EventsFollow', first_seq: 1n });
  return {
    child,
    url,
    connection,
    async close() {
      connection.close();
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function usage(child: ChildProcess): Promise<Usage> {
  const answer = once(child, 'message');
  child.send('usage');
  const [used] = (await answer) as [Usage];
  return used;
}

/** All miners connect. */
function* everybody(): Generator<StatsMessage> {
  const at = BigInt(Date.now());
  for (let i = 1; i <= MINERS; i++) {
    yield {
      name: 'DownstreamConnected',
      at,
      downstream_id: i,
      flags: 0,
      address: '10.0.0.1',
      software: 'bench',
    };
    yield {
      name: 'ChannelOpened',
      at,
      downstream_id: i,
      channel_id: 1,
      kind: 1,
      difficulty: 40,
      hashrate: 0n,
      user_identity: `miner${i}`,
    };
  }
}

/** Sends shares at the rate, each of the next miner; waits where the service does not keep up. */
async function load(connection: StatsConnection, seconds: number): Promise<number> {
  const began = performance.now();
  let sent = 0;
  while (performance.now() - began < seconds * 1000) {
    const due = Math.floor(((performance.now() - began) / 1000) * EVENTS_PER_SECOND);
    for (; sent < due && connection.queued < MIB; sent++) {
      connection.send({
        name: 'ShareSubmitted',
        at: BigInt(Date.now()),
        downstream_id: (sent % MINERS) + 1,
        channel_id: 1,
        count: 1,
        difficulty: 40,
        best_hash: BEST,
        slowest_us: 1500,
        worker: '',
      });
    }
    connection.flush();
    await delay(SLICE_MS);
  }
  return sent;
}

/** Asks five times a second, and notes how long each answer took. */
async function ask(url: string, times: number[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    await (await fetch(url)).text();
    times.push(performance.now() - began);
    await delay(200);
  }
}

function percentile(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0;
}
