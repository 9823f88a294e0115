import { hashesPerSecond } from '../../../domain/stats/hashrate.ts';
import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { StatsReader } from '../store/store.ts';
import type { KnownMiners } from './known-miners.ts';

const INTERVAL_MS = 60_000;
const HOUR = 3600;
const HOURS = 24;
const RECENT_SECONDS = 660;
/** A mean over less says too little. */
const LEAST_SECONDS = 1800;

interface Parts {
  readonly store: StatsReader;
  readonly miners: KnownMiners;
  /** Unix ms. */
  readonly clock: () => number;
  readonly log: Logger;
}

/** Keeps each miner's own mean of its last day, against which it is judged. */
export class DayMeans {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads what earlier runs recorded, and then the means once a minute. */
  async open(): Promise<void> {
    const { store, miners, clock } = this.#parts;
    const now = Math.floor(clock() / 1000);
    const minute = now - (now % 60);
    for (let at = minute - RECENT_SECONDS + (RECENT_SECONDS % 60); at <= minute; at += 60) {
      for (const sums of await store.call('miners', { step: 60, from: at, to: at + 60 })) {
        miners.byId(sums.minerId)?.recent.add(at * 1000, sums);
      }
    }
    await this.#read();
    this.#timer = setInterval(() => {
      this.#read().catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, `means of the last day could not be read: ${messageOf(error)}`),
      );
    }, INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    const { store, miners, clock } = this.#parts;
    const now = Math.floor(clock() / 1000);
    const hour = now - (now % HOUR);
    // Whole hours: the one that has begun may be the one in which a miner gets slow.
    const rows = await store.call('miners', { step: HOUR, from: hour - HOURS * HOUR, to: hour });
    const means = new Map(rows.map((row) => [row.minerId, row]));
    for (const miner of miners.all) {
      const row = means.get(miner.id);
      const beganInto = Math.max(0, (miner.firstSeen / 1000) % HOUR);
      const isFirstDay = miner.firstSeen / 1000 > hour - HOURS * HOUR;
      const seconds = row ? row.steps * HOUR - (isFirstDay ? beganInto : 0) : 0;
      miner.dayMean = row && seconds >= LEAST_SECONDS ? hashesPerSecond(row.work, seconds) : undefined;
    }
  }
}
