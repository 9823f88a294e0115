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

/** Ids that are told apart from ids that never were, of live jobs and stale ones. */
const MAX_IDS = MAX_JOBS + MAX_STALE_IDS;

/**
 * The jobs of one miner by the ids it was told. A job that is told again is `id#1`, `id#2` ..., since firmware takes no
 * notice of an id that it has.
 *
 * A tip writes into the tables of ten thousand miners, and shares are for a miner's last jobs. So jobs lie in rings, which one more
 * job touches in one place and without allocating, and are looked for from the newest. The rings have their length from
 * the beginning: those of a crowd would all grow at the same tip, by ten megabytes that its next collections move.
 */
export class JobTable {
  readonly #ids = new Array<string | undefined>(MAX_IDS);
  readonly #jobs = new Array<ActiveJob | undefined>(MAX_JOBS);
  readonly #footings = new Array<Footing | undefined>(MAX_JOBS);
  #added = 0;
  /** The highest number of a job that was added: one with a higher number is new, without being looked for. */
  #newest = 0;
  #variants = 0;
  /** How often the last job was told again. */
  #repeats = 0;

  /** @returns the id to tell it by: another one where the miner has had that, as when it was moved between channels */
  add(job: ActiveJob, footing: Footing, { id, number }: Pick<NotifyWork, 'id' | 'number'>): string {
    const isUsed = number <= this.#newest && this.#ids.includes(id);
    this.#newest = Math.max(this.#newest, number);
    this.#repeats = 0;
    return this.#put(isUsed ? `${id}.${++this.#variants}` : id, job, footing);
  }

  /** @returns the next id of the job that was added last; undefined where there is none any more */
  again(): string | undefined {
    const last = this.#added - 1;
    const [id, job, footing] = [
      this.#ids[last % MAX_IDS],
      this.#jobs[last % MAX_JOBS],
      this.#footings[last % MAX_JOBS],
    ];
    if (id === undefined || job === undefined || footing === undefined) return undefined;
    const [first] = id.split('#', 1);
    return this.#put(`${first}#${++this.#repeats}`, job, footing);
  }

  /** @throws Sv1Error 21: 'Stale' for a job that was told once, 'Job not found' for one that never was */
  get(id: string): ToldJob {
    const oldest = Math.max(0, this.#added - MAX_JOBS);
    for (let each = this.#added - 1; each >= oldest; each--) {
      if (this.#ids[each % MAX_IDS] !== id) continue;
      const [job, footing] = [this.#jobs[each % MAX_JOBS], this.#footings[each % MAX_JOBS]];
      if (job !== undefined && footing !== undefined) return { job, footing };
    }
    throw new Sv1Error(this.#ids.includes(id) ? refusals.stale : refusals.jobNotFound);
  }

  /** The channel is gone: what was told is worth nothing any more. */
  clear(): void {
    this.#jobs.fill(undefined);
    this.#footings.fill(undefined);
  }

  #put(id: string, job: ActiveJob, footing: Footing): string {
    const each = this.#added++;
    this.#ids[each % MAX_IDS] = id;
    this.#jobs[each % MAX_JOBS] = job;
    this.#footings[each % MAX_JOBS] = footing;
    return id;
  }
}
