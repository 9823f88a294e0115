import type { KnownMiner, KnownMiners } from '../live/known-miners.ts';
import type { AlarmKind } from './config.ts';

/** Part of its shares beyond which a miner's rejects are told, and how many it takes. */
const HIGH_PART = 0.1;
const LEAST_REJECTS = 20;

/** Something that a miner's owner is to know. */
export interface Alarm {
  readonly kind: AlarmKind;
  readonly miner: string;
  readonly text: string;
}

type Told = 'offline' | 'low' | 'rejects';

/** Finds out which miners are in trouble for long enough, and says each once, until it is over. */
export class MinerAlarms {
  readonly #miners: KnownMiners;
  readonly #afterMs: number;
  readonly #told = new Set<string>();
  /** Those that were here in this run: of others nobody knows whether they are missed. */
  readonly #seen = new Set<number>();

  constructor(miners: KnownMiners, afterMs: number) {
    this.#miners = miners;
    this.#afterMs = afterMs;
  }

  /** What is new. @param now Unix ms */
  look(now: number): Alarm[] {
    return [...this.#miners.all].flatMap((miner) => {
      if (miner.workers > 0) this.#seen.add(miner.id);
      if (!this.#seen.has(miner.id) || miner.lastShareAt === undefined) return [];
      return [
        ...this.#state(miner, 'offline', now, `is offline since ${minutes(now - miner.stateSince)}`),
        ...this.#state(miner, 'low', now, 'mines less than 70 % of its own last day'),
        ...this.#rejects(miner, now),
      ];
    });
  }

  #state(miner: KnownMiner, kind: 'offline' | 'low', now: number, words: string): Alarm[] {
    const isSo = miner.state === kind && now - miner.stateSince >= this.#afterMs;
    // What is neither so nor over stays as it was told.
    if (!isSo && miner.state !== 'ok') return [];
    return this.#tell(
      miner,
      kind,
      isSo,
      words,
      kind === 'offline' ? 'is back' : 'mines as much as before again',
    );
  }

  #rejects(miner: KnownMiner, now: number): Alarm[] {
    const rejected = miner.recentRejects.sum(now).shares;
    const all = rejected + miner.recent.sum(now).shares;
    const part = all === 0 ? 0 : rejected / all;
    const percent = Math.round(part * 100);
    if (part > HIGH_PART / 2 && part <= HIGH_PART) return [];
    const words = `has ${percent} % of its shares of the last ten minutes rejected`;
    return this.#tell(
      miner,
      'rejects',
      part > HIGH_PART && rejected >= LEAST_REJECTS,
      words,
      'has few rejects again',
    );
  }

  #tell(miner: KnownMiner, kind: Told, isSo: boolean, words: string, over: string): Alarm[] {
    const key = `${kind}/${miner.id}`;
    if (isSo === this.#told.has(key)) return [];
    if (isSo) this.#told.add(key);
    else this.#told.delete(key);
    return [{ kind, miner: miner.name, text: `${miner.name} ${isSo ? words : over}` }];
  }
}

function minutes(ms: number): string {
  const count = Math.round(ms / 60_000);
  return count === 1 ? '1 minute' : `${count} minutes`;
}
