import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';

/** Jobs a miner may still submit for; of more, the oldest goes. */
export const MAX_JOBS = 64;

/**
 * The jobs of one miner by the ids it was told. The ids are our own and never come again on a connection: a pool's ids
 * may repeat after its channel was opened anew. A job that is told again is `id#1`, `id#2` ..., since firmware takes no
 * notice of an id that it has.
 */
export class JobTable {
  readonly #jobs = new Map<string, { readonly job: ActiveJob; timesTold: number }>();
  #issued = 0;

  add(job: ActiveJob): string {
    const id = (++this.#issued).toString(16);
    this.#jobs.set(id, { job, timesTold: 1 });
    const oldest = this.#jobs.keys().next().value;
    if (this.#jobs.size > MAX_JOBS && oldest !== undefined) this.#jobs.delete(oldest);
    return id;
  }

  /** @returns the next id of the job that was added last; undefined where there is none any more */
  again(): string | undefined {
    const id = this.#issued.toString(16);
    const told = this.#jobs.get(id);
    return told && `${id}#${told.timesTold++}`;
  }

  /** @throws Sv1Error 21: 'Stale' for a job that was told once, 'Job not found' for one that never was */
  get(id: string): ActiveJob {
    const [first = '', time = '0'] = id.split('#', 2);
    const told = this.#jobs.get(first);
    if (told !== undefined && /^\d+$/.test(time) && Number(time) < told.timesTold) return told.job;
    const number = /^[1-9a-f][0-9a-f]*$/.test(first) ? Number.parseInt(first, 16) : Number.POSITIVE_INFINITY;
    throw new Sv1Error(told === undefined && number <= this.#issued ? refusals.stale : refusals.jobNotFound);
  }

  /** The channel is gone: what was told is worth nothing any more. */
  clear(): void {
    this.#jobs.clear();
  }
}
