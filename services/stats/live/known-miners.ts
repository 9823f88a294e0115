import { hashesPerSecond, type Work, workOfShares } from '../../../domain/stats/hashrate.ts';
import type { MinerRow } from '../store/batch.ts';
import { MinuteRing } from './minute-ring.ts';

/** Names that are told apart; shares of further ones count for the side alone. */
export const MAX_MINERS = 100_000;

/** Below this part of its own day's mean a miner is low. */
export const LOW_PART = 0.7;
/** And only where chance would do it less than about once in forty times. */
const SIGMAS = 2;
const WINDOW_MINUTES = 10;
const WINDOW_MS = WINDOW_MINUTES * 60_000;
/** A name that was seen last so long ago is none of those that are missed. */
export const FORGOTTEN_MS = 86_400_000;

export type MinerState = 'ok' | 'low' | 'offline';

/** A name under which shares come. Times are Unix ms. */
export interface KnownMiner {
  readonly id: number;
  readonly name: string;
  software: string;
  readonly firstSeen: number;
  lastSeen: number;
  lastShareAt: number | undefined;
  bestWork: bigint | undefined;
  /** Open connections or channels. */
  workers: number;
  /** Since when it has one without a break, or has none. */
  connectedSince: number;
  difficulty: number | undefined;
  address: string;
  state: MinerState;
  stateSince: number;
  /** Hashes a second over the hours of its last day in which it mined. */
  dayMean: number | undefined;
  readonly recent: MinuteRing;
  /** Its rejected shares, by count. */
  readonly recentRejects: MinuteRing;
}

/** All miners of a side, by name. */
export class KnownMiners {
  readonly #byName = new Map<string, KnownMiner>();
  readonly #byId = new Map<number, KnownMiner>();
  #lastId = 0;

  /** @param rows of earlier runs */
  constructor(rows: readonly MinerRow[], now: number) {
    for (const row of rows) this.#add({ ...idle(now), ...row });
  }

  get all(): Iterable<KnownMiner> {
    return this.#byName.values();
  }

  get size(): number {
    return this.#byName.size;
  }

  byId(id: number): KnownMiner | undefined {
    return this.#byId.get(id);
  }

  find(name: string): KnownMiner | undefined {
    return this.#byName.get(name);
  }

  /** The miner of that name, a new one where there is room. @param now Unix ms */
  named(name: string, now: number): KnownMiner | undefined {
    const known = this.#byName.get(name);
    if (known || this.size >= MAX_MINERS) return known;
    return this.#add({
      id: this.#lastId + 1,
      name,
      software: '',
      firstSeen: now,
      lastSeen: now,
      lastShareAt: undefined,
      bestWork: undefined,
      ...idle(now),
    });
  }

  /** Forgets a name that never sent a share. */
  forget(miner: KnownMiner): void {
    this.#byName.delete(miner.name);
    this.#byId.delete(miner.id);
  }

  #add(miner: KnownMiner): KnownMiner {
    this.#byName.set(miner.name, miner);
    this.#byId.set(miner.id, miner);
    this.#lastId = Math.max(this.#lastId, miner.id);
    return miner;
  }
}

function idle(now: number) {
  return {
    workers: 0,
    connectedSince: now,
    difficulty: undefined,
    address: '',
    state: 'offline' as MinerState,
    stateSince: now,
    dayMean: undefined,
    recent: new MinuteRing(WINDOW_MINUTES),
    recentRejects: new MinuteRing(WINDOW_MINUTES),
  };
}

/** How a miner is, by its own measure. @param now Unix ms */
export function judgeMiner(miner: KnownMiner, now: number): MinerState {
  const { workers, connectedSince, dayMean, difficulty, recent } = miner;
  if (workers === 0) return 'offline';
  if (dayMean === undefined || difficulty === undefined || now - connectedSince < WINDOW_MS) return 'ok';
  const { work, seconds } = recent.sum(now);
  const expected = (dayMean * seconds) / Number(workOfShares(difficulty, 1).work);
  const floor = dayMean * Math.min(LOW_PART, 1 - SIGMAS / Math.sqrt(Math.max(expected, Number.EPSILON)));
  return hashesPerSecond(work, seconds) < floor ? 'low' : 'ok';
}

/** A miner as it is stored. */
export function rowOf(miner: KnownMiner): MinerRow {
  const { id, name, software, firstSeen, lastSeen, lastShareAt, bestWork, state, stateSince } = miner;
  return { id, name, software, firstSeen, lastSeen, lastShareAt, bestWork, state, stateSince };
}

/** Notes shares of a miner. @param luck hashes that the best of them stands for */
export function noteShares(miner: KnownMiner, at: number, work: Work, luck: bigint): void {
  miner.recent.add(at, work);
  miner.lastSeen = Math.max(miner.lastSeen, at);
  miner.lastShareAt = Math.max(miner.lastShareAt ?? 0, at);
  if (miner.bestWork === undefined || luck > miner.bestWork) miner.bestWork = luck;
}
