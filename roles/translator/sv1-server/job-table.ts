import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import type { ExtranonceLayout } from './extranonce.ts';
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

/** The number of a job that was told by its own id; the id where it was another one. */
type ToldId = number | string;

/**
 * The jobs of one miner by the ids it was told. A job that is told again is `id#1`, `id#2` ..., since firmware takes no
 * notice of an id that it has.
 *
 * A tip writes into the tables of ten thousand miners, and shares are for a miner's last jobs. So jobs lie in rings, which one more
 * job touches in one place and without allocating, and are looked for from the newest. The rings have their length from
 * the beginning: those of a crowd would all grow at the same tip, by ten megabytes that its next collections move. And ids lie
 * there as numbers, which collections pass over.
 */
export class JobTable {
  readonly #ids = new Array<ToldId | undefined>(MAX_IDS);
  readonly #jobs = new Array<ActiveJob | undefined>(MAX_JOBS);
  /** On what the miner has mined, and from which job on; the latest last. */
  readonly #footings: { readonly from: number; readonly footing: Footing }[] = [];
  #footing: Footing | undefined;
  #added = 0;
  /** The highest number of a job that was added: one with a higher number is new, without being looked for. */
  #newest = 0;
  #variants = 0;
  /** How often the last job was told again. */
  #repeats = 0;

  /** @returns the id to tell it by where the miner has had its own, as when it was moved between channels */
  add(job: ActiveJob, footing: Footing, number: number): string | undefined {
    const isUsed = number <= this.#newest && this.#ids.includes(number);
    this.#newest = Math.max(this.#newest, number);
    this.#repeats = 0;
    if (footing !== this.#footing) this.#stand(footing);
    const other = isUsed ? `${jobIdOf(number)}.${++this.#variants}` : undefined;
    this.#put(other ?? number, job);
    return other;
  }

  /** @returns the next id of the job that was added last; undefined where there is none any more */
  again(): string | undefined {
    const last = this.#added - 1;
    const [id, job] = [this.#ids[last % MAX_IDS], this.#jobs[last % MAX_JOBS]];
    if (id === undefined || job === undefined) return undefined;
    const [first] = (typeof id === 'number' ? jobIdOf(id) : id).split('#', 1);
    const next = `${first}#${++this.#repeats}`;
    this.#put(next, job);
    return next;
  }

  /** @throws Sv1Error 21: 'Stale' for a job that was told once, 'Job not found' for one that never was */
  get(text: string): ToldJob {
    const id = toldId(text);
    for (let each = this.#added - 1; each >= this.#oldest; each--) {
      if (this.#ids[each % MAX_IDS] !== id) continue;
      const [job, footing] = [this.#jobs[each % MAX_JOBS], this.#footingOf(each)];
      if (job !== undefined && footing !== undefined) return { job, footing };
    }
    throw new Sv1Error(this.#ids.includes(id) ? refusals.stale : refusals.jobNotFound);
  }

  /** The channel is gone: what was told is worth nothing any more. */
  clear(): void {
    this.#jobs.fill(undefined);
    this.#footings.length = 0;
    this.#footing = undefined;
  }

  get #oldest(): number {
    return Math.max(0, this.#added - MAX_JOBS);
  }

  #footingOf(each: number): Footing | undefined {
    let at = this.#footings.length - 1;
    while ((this.#footings[at]?.from ?? 0) > each) at--;
    return this.#footings[at]?.footing;
  }

  #put(id: ToldId, job: ActiveJob): void {
    const each = this.#added++;
    this.#ids[each % MAX_IDS] = id;
    this.#jobs[each % MAX_JOBS] = job;
  }

  /** The jobs from the next one on are mined on this. */
  #stand(footing: Footing): void {
    const footings = this.#footings;
    // Of those that no job in the ring was told on, only the last is of any use.
    while ((footings[1]?.from ?? Number.POSITIVE_INFINITY) <= this.#oldest) footings.shift();
    footings.push({ from: this.#added, footing });
    this.#footing = footing;
  }
}

/** The id that miners are told for the job of a number. */
export function jobIdOf(number: number): string {
  return number.toString(16);
}

function toldId(text: string): ToldId {
  const number = Number.parseInt(text, 16);
  return jobIdOf(number) === text ? number : text;
}
