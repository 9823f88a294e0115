import { addWork, NO_WORK, type Work } from '../../../domain/stats/hashrate.ts';
import type { StatsEvent } from '../api/schemas/events.ts';
import {
  type Batch,
  type BlockNews,
  type MinerRow,
  type MinerSample,
  NO_TOTALS,
  type QuoteSample,
  type RejectCount,
  type SideSample,
  type Totals,
} from '../store/batch.ts';
import { MINER_STEP, SIDE_STEP, stepOf } from '../store/steps.ts';
import type { SourceMark } from './sources.ts';

/** Rows that may wait while nothing can be written; beyond, what comes is counted as lost. */
export const MAX_WAITING_ROWS = 200_000;
/** Events that may wait. */
const MAX_WAITING_EVENTS = 1000;
/** Steps of which it is noted that they are known: those that a role may still tell of. */
const MAX_KNOWN_STEPS = 10_000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Gathers what happens into rows, until they are written. */
export class Recorder {
  #side = new Map<number, Writable<SideSample>>();
  #minerSamples = new Map<string, Writable<MinerSample>>();
  #rejects = new Map<string, Writable<RejectCount>>();
  #quotes = new Map<number, Writable<QuoteSample>>();
  #miners = new Map<number, MinerRow>();
  #blocks: BlockNews[] = [];
  #events: StatsEvent[] = [];
  readonly #known = new Set<number>();
  #lostAt: number | undefined;
  totals: Writable<Totals>;

  constructor(totals: Totals = NO_TOTALS) {
    this.totals = { ...totals };
  }

  /** Rows that wait. */
  get waiting(): number {
    return this.#side.size + this.#minerSamples.size + this.#rejects.size + this.#quotes.size;
  }

  /** A role that sees all shares was there at that time: what it did not tell of was not. @param at Unix ms */
  known(at: number): void {
    const step = stepOf(at, SIDE_STEP);
    if (this.#known.has(step)) return;
    if (this.#known.size >= MAX_KNOWN_STEPS) this.#known.clear();
    this.#known.add(step);
    this.#sideAt(at).seconds += SIDE_STEP;
  }

  /** @param minerId 0 where nobody is known */
  accepted(at: number, minerId: number, work: Work): void {
    this.totals.accepted += BigInt(work.shares);
    this.totals.work += work.work;
    if (this.#isFull(work.shares, at)) return;
    const side = this.#sideAt(at);
    Object.assign(side, addWork(side, work));
    if (minerId === 0) return;
    const miner = this.#minerAt(at, minerId);
    Object.assign(miner, addWork(miner, work));
  }

  rejected(at: number, minerId: number, count: number, reason: string): void {
    this.totals.rejected += BigInt(count);
    if (this.#isFull(count, at)) return;
    this.#sideAt(at).rejected += count;
    this.#reject(at, 0, count, reason);
    if (minerId === 0) return;
    this.#minerAt(at, minerId).rejected += count;
    this.#reject(at, minerId, count, reason);
  }

  created(at: number, count: number, ehash: bigint): void {
    this.totals.created += BigInt(count);
    this.totals.ehash += ehash;
    const quote = this.#quoteAt(at);
    quote.created += count;
    quote.ehash += ehash;
  }

  acknowledged(at: number, count: number, refused: number, delayMs: number): void {
    this.totals.acknowledged += BigInt(count);
    this.totals.refused += BigInt(refused);
    const quote = this.#quoteAt(at);
    quote.acknowledged += count;
    quote.refused += refused;
    quote.delaysMs += count * delayMs;
  }

  lost(count: bigint, lastAt: number): void {
    this.totals.lost += count;
    this.#lostAt = lastAt;
  }

  miner(row: MinerRow): void {
    this.#miners.set(row.id, row);
  }

  block(news: BlockNews): void {
    this.#blocks.push(news);
  }

  event(event: StatsEvent): void {
    if (this.#events.length >= MAX_WAITING_EVENTS) this.#events.shift();
    this.#events.push(event);
  }

  /** Takes out all that waits. @param sources the events that it was made of */
  take(sources: readonly SourceMark[]): Batch {
    const batch: Batch = {
      side: [...this.#side.values()],
      minerSamples: [...this.#minerSamples.values()],
      rejects: [...this.#rejects.values()],
      quotes: [...this.#quotes.values()],
      miners: [...this.#miners.values()],
      blocks: this.#blocks,
      events: this.#events,
      totals: { ...this.totals },
      sources,
      lostAt: this.#lostAt,
    };
    this.#side = new Map();
    this.#minerSamples = new Map();
    this.#rejects = new Map();
    this.#quotes = new Map();
    this.#miners = new Map();
    this.#blocks = [];
    this.#events = [];
    return batch;
  }

  #isFull(count: number, at: number): boolean {
    if (this.waiting < MAX_WAITING_ROWS) return false;
    this.lost(BigInt(count), at);
    return true;
  }

  #reject(at: number, minerId: number, count: number, reason: string): void {
    const step = stepOf(at, MINER_STEP);
    const key = `${step}/${minerId}/${reason}`;
    const known = this.#rejects.get(key);
    if (known) {
      known.count += count;
      known.lastAt = Math.max(known.lastAt, at);
    } else this.#rejects.set(key, { at: step, minerId, reason, count, lastAt: at });
  }

  #sideAt(at: number): Writable<SideSample> {
    const step = stepOf(at, SIDE_STEP);
    return upsert(this.#side, step, () => ({ at: step, seconds: 0, rejected: 0, ...NO_WORK }));
  }

  #minerAt(at: number, minerId: number): Writable<MinerSample> {
    const step = stepOf(at, MINER_STEP);
    const key = `${step}/${minerId}`;
    return upsert(this.#minerSamples, key, () => ({ at: step, minerId, rejected: 0, ...NO_WORK }));
  }

  #quoteAt(at: number): Writable<QuoteSample> {
    const step = stepOf(at, SIDE_STEP);
    const empty = { created: 0, acknowledged: 0, refused: 0, ehash: 0n, delaysMs: 0 };
    return upsert(this.#quotes, step, () => ({ at: step, ...empty }));
  }
}

function upsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
