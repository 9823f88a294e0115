import { leBytesToTarget } from '../../../protocols/bitcoin/target.ts';
import { difficultyOfTarget } from '../../../protocols/sv1/difficulty.ts';
import { notifyLine, setDifficultyLine, setVersionMaskLine } from '../../../protocols/sv1/messages.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import { JobTable } from './job-table.ts';

/** A repeated job's time runs on with the clock, up to this many seconds past the pool's (consensus allows 7200). */
const MAX_NTIME_ADVANCE_S = 7200;

export interface JobTellerOptions {
  readonly tell: (lines: string) => void;
  /** Milliseconds after which the last job is told again. */
  readonly keepaliveMs: number;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** Tells one miner its jobs, each after the difficulty and version mask that it is to be mined with. */
export class JobTeller {
  /** The jobs that were told and may be submitted for. */
  readonly told = new JobTable();
  readonly #options: JobTellerOptions;
  #isTelling = false;
  #job: ActiveJob | undefined;
  #cameAt = 0;
  #toldAt = 0;
  #toldTarget: bigint | undefined;
  #toldMask = 0;
  #grantedMask = 0;
  #mustClean = true;

  constructor(options: JobTellerOptions) {
    this.#options = options;
  }

  /** Version bits that the miner may roll in jobs that allow it. */
  get versionMask(): number {
    return this.#grantedMask;
  }

  /** The miner was told this mask in answer to `mining.configure`. */
  grantVersionMask(mask: number): void {
    this.#grantedMask = mask;
    this.#toldMask = mask;
  }

  /** Jobs are told from now on, the one there is at once. */
  start(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    if (this.#job !== undefined) this.#tell(this.#job, this.told.add(this.#job));
  }

  take(job: ActiveJob): void {
    this.#job = job;
    this.#cameAt = this.#options.now();
    if (job.cleanJobs) this.#mustClean = true;
    if (this.#isTelling) this.#tell(job, this.told.add(job));
  }

  /** The extranonce is another one: the next job ends all before it. */
  endEarlier(): void {
    this.#mustClean = true;
  }

  /** The channel is a new one, on which nothing told before counts. */
  forget(): void {
    this.told.clear();
    this.#job = undefined;
    this.#mustClean = true;
  }

  /** Tells the job again where the pool has been silent for long. */
  tick(): void {
    const { keepaliveMs, now } = this.#options;
    if (this.#job === undefined || !this.#isTelling || now() - this.#toldAt < keepaliveMs) return;
    const id = this.told.again();
    if (id !== undefined) this.#tell(this.#job, id);
  }

  #tell(job: ActiveJob, jobId: string): void {
    const target = leBytesToTarget(job.targetLe);
    const mask = job.versionRollingAllowed ? this.#grantedMask : 0;
    // With an easier difficulty, firmware that applies it at once would send shares too weak for the jobs before.
    const isEasier = this.#toldTarget !== undefined && target > this.#toldTarget;
    const cleanJobs = this.#mustClean || isEasier;
    const ntime = job.minNtime + this.#secondsOld();
    this.#options.tell(
      (target === this.#toldTarget ? '' : setDifficultyLine(difficultyOfTarget(target))) +
        (mask === this.#toldMask ? '' : setVersionMaskLine(mask)) +
        notifyLine({ ...job, jobId, ntime, cleanJobs }),
    );
    this.#toldTarget = target;
    this.#toldMask = mask;
    this.#toldAt = this.#options.now();
    this.#mustClean = false;
  }

  #secondsOld(): number {
    return Math.min(Math.floor((this.#options.now() - this.#cameAt) / 1000), MAX_NTIME_ADVANCE_S);
  }
}
