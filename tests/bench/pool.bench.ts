import { setTimeout as delay } from 'node:timers/promises';
import type { Figure, Session, Sustained } from './figure.ts';
import { fullShare } from './hash.bench.ts';
import { MERKLE_STEPS, openPool } from './pool-under-test.ts';
import { type ShareKind, ShareLoad } from './share-load.ts';

/** Shares from the socket to the disk, hashing alone as their limit. */

const SHARES = 60_000;
const WINDOW_MS = 10_000;
const MEMORY_MS = 500;
const MEBI = 2 ** 20;

interface Load {
  readonly kind: ShareKind;
  readonly connections: number;
}

const LOADS: readonly Load[] = [
  { kind: 'extended', connections: 1 },
  { kind: 'standard', connections: 1 },
  { kind: 'extended', connections: 1000 },
  { kind: 'standard', connections: 1000 },
];

function about({ kind, connections }: Load) {
  const links = connections === 1 ? 'one connection' : `${connections.toLocaleString('en')} connections`;
  return {
    name: `pool: ${kind} share validated and durable, ${MERKLE_STEPS} merkle steps, ${links}`,
    unit: 'per second and core',
    limit: { figure: fullShare },
  };
}

function burst(load: Load): Figure {
  return {
    ...about(load),
    async open(): Promise<Session> {
      const pool = await openPool();
      const miners = await ShareLoad.open(pool.port, load.kind, load.connections);
      return {
        async run() {
          await miners.submit(SHARES);
          return { operations: SHARES };
        },
        async close() {
          await miners.close();
          await pool.close();
        },
      };
    },
  };
}

/** A run is a window of ten seconds; there is no pause between one and the next. */
function keptUp(load: Load, { seconds, tipEvery }: Sustained): Figure {
  const { name, ...rest } = about(load);
  const tips = tipEvery > 0 ? `a tip every ${tipEvery} s` : 'one tip';
  return {
    ...rest,
    name: `${name}, for ${seconds} s, ${tips}`,
    runs: Math.ceil((seconds * 1000) / WINDOW_MS),
    async open(): Promise<Session> {
      const pool = await openPool();
      const miners = await ShareLoad.open(pool.port, load.kind, load.connections);
      const changes = tipEvery > 0 ? setInterval(() => pool.newTip(), tipEvery * 1000) : undefined;
      const watch = new Watch();
      miners.submitEndlessly();
      let before = await miners.answered();
      let from = performance.now();
      return {
        async run() {
          await delay(WINDOW_MS);
          const answered = await miners.answered();
          const operations = answered.accepted - before.accepted;
          watch.window(operations / ((performance.now() - from) / 1000), answered.stale);
          before = answered;
          from = performance.now();
          return { operations };
        },
        remarks: () => watch.remarks(),
        async close() {
          clearInterval(changes);
          watch.close();
          await miners.close();
          await pool.close();
        },
      };
    },
  };
}

/** What is seen besides CPU time. */
class Watch {
  /** Shares a second by the clock, of each window; the first one warms up. */
  readonly #rates: number[] = [];
  readonly #timer = setInterval(() => this.#measure(), MEMORY_MS);
  #stale = 0;
  #most = 0;

  window(rate: number, stale: number): void {
    this.#rates.push(rate);
    this.#stale = stale;
  }

  remarks(): string[] {
    const rates = this.#rates.slice(1).sort((a, b) => a - b);
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    const inWords = (rate: number | undefined): string => Math.round(rate ?? 0).toLocaleString('en');
    return [
      `by the clock ${inWords(mean)} shares a second, ${inWords(rates[0])} in the slowest 10 s`,
      `${this.#stale.toLocaleString('en')} shares were stale`,
      `${Math.round(this.#most / MEBI)} MiB resident at most`,
    ];
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #measure(): void {
    this.#most = Math.max(this.#most, process.memoryUsage.rss());
  }
}

export const figures: Figure[] = LOADS.map(burst);

export function sustained(load: Sustained): Figure[] {
  return LOADS.map((each) => keptUp(each, load));
}
