import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import type { ExtranonceLayout } from './extranonce.ts';
import type { NotifyWork } from './notify-work.ts';
import type { UpstreamChannel } from './upstream.ts';

/** Jobs a miner may still submit for; of more, the oldest goes. */
export const MAX_JOBS = 64;
/** Ids of jobs before these that are still told apart from ids that never were. */
export const MAX_STALE_IDS = 128;

/** A job as one miner has it. Its shares go to the channel that it came by, whichever the miner's is by then. */
export interface ToldJob {
  readonly job: ActiveJob;
  readonly channel: UpstreamChannel;
  readonly layout: ExtranonceLayout;
  /** What the miner knows it by. */
  id: string;
  /** How often it was told, each time but the first under `id#1`, `id#2` ... */
  times: number;
}

/**
 * The jobs of one miner by the ids it was told. A job that is told again is `id#1`, `id#2` ..., since firmware takes no
 * notice of an id that it has.
 *
 * A tip writes into the tables of ten thousand miners, shares are for a miner's last jobs: so jobs and ids lie in rings, where
 * one that is added touches one place and allocates nothing, and are looked for from the newest.
 */
export class JobTable {
  readonly #jobs: ToldJob[] = [];
  readonly #stale: string[] = [];
  #added = 0;
  #outdated = 0;
  /** The highest number of a job that was added: one with a higher number is new, without being looked for. */
  #newest = 0;
  #variants = 0;

  /** Gives it an id: another one than its lines' where the miner has had that, as when it was moved between channels. */
  add(told: ToldJob, { id, number }: Pick<NotifyWork, 'id' | 'number'>): void {
    told.id = number <= this.#newest && this.#isUsed(id) ? `${id}.${++this.#variants}` : id;
    told.times = 1;
    this.#newest = Math.max(this.#newest, number);
    const place = this.#added++ % MAX_JOBS;
    const oldest = this.#jobs[place];
    if (oldest !== undefined) this.#outdate(oldest.id);
    this.#jobs[place] = told;
  }

  /** @returns the next id of the job that was added last; undefined where there is none any more */
  again(): string | undefined {
    const last = this.#jobs[(this.#added - 1) % MAX_JOBS];
    return last && `${last.id}#${last.times++}`;
  }

  /** @throws Sv1Error 21: 'Stale' for a job that was told once, 'Job not found' for one that never was */
  get(id: string): ToldJob {
    return this.#find(id) ?? this.#getAgain(id);
  }

  /** The channel is gone: what was told is worth nothing any more. */
  clear(): void {
    for (const { id } of this.#jobs) this.#outdate(id);
    this.#jobs.length = 0;
    this.#added = 0;
  }

  #find(id: string): ToldJob | undefined {
    for (let back = 1; back <= this.#jobs.length; back++) {
      const told = this.#jobs[(this.#added - back) % MAX_JOBS];
      if (told?.id === id) return told;
    }
    return undefined;
  }

  #isUsed(id: string): boolean {
    return this.#find(id) !== undefined || this.#stale.includes(id);
  }

  #getAgain(id: string): ToldJob {
    const [first = '', time = '0'] = id.split('#', 2);
    const told = this.#find(first);
    if (told !== undefined && /^\d+$/.test(time) && Number(time) < told.times) return told;
    throw new Sv1Error(this.#stale.includes(first) ? refusals.stale : refusals.jobNotFound);
  }

  #outdate(id: string): void {
    this.#stale[this.#outdated++ % MAX_STALE_IDS] = id;
  }
}
