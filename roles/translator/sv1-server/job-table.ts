import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';

/** Jobs a miner may still submit for; of more, the oldest goes. */
export const MAX_JOBS = 64;

/**
 * The jobs of one miner by the ids it was told. The ids are our own and never come again on a connection: a pool's ids
 * may repeat after its channel was opened anew, and a job that is told twice gets two.
 */
export class JobTable {
  readonly #jobs = new Map<string, ActiveJob>();
  #issued = 0;

  add(job: ActiveJob): string {
    const id = (++this.#issued).toString(16);
    this.#jobs.set(id, job);
    const oldest = this.#jobs.keys().next().value;
    if (this.#jobs.size > MAX_JOBS && oldest !== undefined) this.#jobs.delete(oldest);
    return id;
  }

  /** @throws Sv1Error 21: 'Stale' for a job that was told once, 'Job not found' for one that never was */
  get(id: string): ActiveJob {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    const number = /^[1-9a-f][0-9a-f]*$/.test(id) ? Number.parseInt(id, 16) : Number.POSITIVE_INFINITY;
    throw new Sv1Error(number <= this.#issued ? refusals.stale : refusals.jobNotFound);
  }

  /** The channel is gone: what was told is worth nothing any more. */
  clear(): void {
    this.#jobs.clear();
  }
}
