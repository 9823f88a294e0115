import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import type { ExtranonceLayout } from './extranonce.ts';
import type { NotifyWork } from './notify-work.ts';
import type { UpstreamChannel } from './upstream.ts';

/** Jobs a miner may still submit for, each time that one was told again counted; of more, the oldest goes. */
export const MAX_JOBS = 64;
/** Ids of jobs before these that are still told apart from ids that never were. */
export const MAX_STALE_IDS = 128;

/** What a miner mines on, for job after job. */
export interface Footing {
  /** Where shares go, whichever the miner's channel is by then. */
  readonly channel: UpstreamChannel;
  readonly layout: ExtranonceLayout;
}

/** A job as one miner was told it. */
export interface ToldJob {
  readonly job: ActiveJob;
  readonly footing: Footing;
}

/**
 * The jobs of one miner by the ids it was told. A job that is told again is `id#1`, `id#2` ..., since firmware takes no
 * notice of an id that it has.
 *
 * A tip writes into the tables of ten thousand miners, and shares are for a miner's last jobs. So jobs lie in rings, which one more
 * job touches in one place and without allocating, and are looked for from the newest.
 */
export class JobTable {
  readonly #ids: string[] = [];
  readonly #jobs: ActiveJob[] = [];
  readonly #footings: Footing[] = [];
  readonly #stale: string[] = [];
  #added = 0;
  #outdated = 0;
  /** The highest number of a job that was added: one with a higher number is new, without being looked for. */
  #newest = 0;
  #variants = 0;
  /** How often the last job was told again. */
  #repeats = 0;

  /** @returns the id to tell it by: another one where the miner has had that, as when it was moved between channels */
  add(job: ActiveJob, footing: Footing, { id, number }: Pick<NotifyWork, 'id' | 'number'>): string {
    const isUsed = number <= this.#newest && (this.#placeOf(id) !== undefined || this.#stale.includes(id));
    this.#newest = Math.max(this.#newest, number);
    this.#repeats = 0;
    return this.#put(isUsed ? `${id}.${++this.#variants}` : id, job, footing);
  }

  /** @returns the next id of the job that was added last; undefined where there is none any more */
  again(): string | undefined {
    const last = (this.#added - 1) % MAX_JOBS;
    const [id, job, footing] = [this.#ids[last], this.#jobs[last], this.#footings[last]];
    if (id === undefined || job === undefined || footing === undefined) return undefined;
    const [first] = id.split('#', 1);
    return this.#put(`${first}#${++this.#repeats}`, job, footing);
  }

  /** @throws Sv1Error 21: 'Stale' for a job that was told once, 'Job not found' for one that never was */
  get(id: string): ToldJob {
    const place = this.#placeOf(id) ?? -1;
    const [job, footing] = [this.#jobs[place], this.#footings[place]];
    if (job !== undefined && footing !== undefined) return { job, footing };
    throw new Sv1Error(this.#stale.includes(id) ? refusals.stale : refusals.jobNotFound);
  }

  /** The channel is gone: what was told is worth nothing any more. */
  clear(): void {
    for (const id of this.#ids) this.#outdate(id);
    for (const ring of [this.#ids, this.#jobs, this.#footings]) ring.length = 0;
    this.#added = 0;
  }

  #put(id: string, job: ActiveJob, footing: Footing): string {
    const place = this.#added++ % MAX_JOBS;
    const oldest = this.#ids[place];
    if (oldest !== undefined) this.#outdate(oldest);
    this.#ids[place] = id;
    this.#jobs[place] = job;
    this.#footings[place] = footing;
    return id;
  }

  #placeOf(id: string): number | undefined {
    for (let back = 1; back <= this.#ids.length; back++) {
      const place = (this.#added - back) % MAX_JOBS;
      if (this.#ids[place] === id) return place;
    }
    return undefined;
  }

  #outdate(id: string): void {
    this.#stale[this.#outdated++ % MAX_STALE_IDS] = id;
  }
}
