import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import type { UpstreamChannel } from './upstream.ts';

/** Jobs a miner may still submit for; of more, the oldest goes. */
export const MAX_JOBS = 64;
/** Ids of jobs before these that are still told apart from ids that never were. */
export const MAX_STALE_IDS = 128;

/** A job as one miner was told it. Its shares go to the channel that it came by, whichever the miner's is by then. */
export interface ToldJob {
  readonly job: ActiveJob;
  readonly channel: UpstreamChannel;
  /** Bytes between the channel's prefix and what the miner rolls. */
  readonly padding: Uint8Array;
}

interface Entry {
  readonly told: ToldJob;
  times: number;
}

/**
 * The jobs of one miner by the ids it was told. A job that is told again is `id#1`, `id#2` ..., since firmware takes no
 * notice of an id that it has.
 */
export class JobTable {
  readonly #jobs = new Map<string, Entry>();
  readonly #stale = new Set<string>();
  #last = '';
  #variants = 0;

  /** @returns the id to tell it by: another one where the miner has had that, as when it was moved between channels */
  add(told: ToldJob, id: string): string {
    const isUsed = this.#jobs.has(id) || this.#stale.has(id);
    this.#last = isUsed ? `${id}.${++this.#variants}` : id;
    this.#jobs.set(this.#last, { told, times: 1 });
    const oldest = this.#jobs.keys().next().value;
    if (this.#jobs.size > MAX_JOBS && oldest !== undefined) this.#outdate(oldest);
    return this.#last;
  }

  /** @returns the next id of the job that was added last; undefined where there is none any more */
  again(): string | undefined {
    const entry = this.#jobs.get(this.#last);
    return entry && `${this.#last}#${entry.times++}`;
  }

  /** @throws Sv1Error 21: 'Stale' for a job that was told once, 'Job not found' for one that never was */
  get(id: string): ToldJob {
    return this.#jobs.get(id)?.told ?? this.#getAgain(id);
  }

  /** The channel is gone: what was told is worth nothing any more. */
  clear(): void {
    for (const id of this.#jobs.keys()) this.#outdate(id);
  }

  #getAgain(id: string): ToldJob {
    const [first = '', time = '0'] = id.split('#', 2);
    const entry = this.#jobs.get(first);
    if (entry !== undefined && /^\d+$/.test(time) && Number(time) < entry.times) return entry.told;
    throw new Sv1Error(this.#stale.has(first) ? refusals.stale : refusals.jobNotFound);
  }

  #outdate(id: string): void {
    this.#jobs.delete(id);
    this.#stale.add(id);
    const oldest = this.#stale.keys().next().value;
    if (this.#stale.size > MAX_STALE_IDS && oldest !== undefined) this.#stale.delete(oldest);
  }
}
