import { leBytesToTarget } from '../../../protocols/bitcoin/target.ts';
import { equalBytes } from '../../../protocols/bytes.ts';
import { difficultyOfTarget } from '../../../protocols/sv1/difficulty.ts';
import { setDifficultyLine, setVersionMaskLine } from '../../../protocols/sv1/messages.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import { JobTable, type ToldJob } from './job-table.ts';
import { linesOf, type NotifyWork } from './notify-work.ts';

/** A repeated job's time runs on with the clock, up to this many seconds past the pool's (consensus allows 7200). */
const MAX_NTIME_ADVANCE_S = 7200;

export interface JobTellerOptions {
  readonly tell: (lines: string | Uint8Array) => void;
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
  #last: ToldJob | undefined;
  #cameAt = 0;
  #toldAt = 0;
  #toldTargetLe: Uint8Array | undefined;
  #toldMask = 0;
  #grantedMask = 0;
  #mustClean = true;
  /** Connections that the miner had before this one. */
  #resumptions = 0;

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
    if (this.#last !== undefined) this.#tellNew(this.#last);
  }

  /** The miner is on another connection and knows nothing but its extranonce; the jobs it was told still count. */
  beginAnew(versionMask: number): void {
    this.#isTelling = false;
    this.#toldTargetLe = undefined;
    this.#mustClean = true;
    this.#resumptions++;
    this.grantVersionMask(versionMask);
  }

  take(next: ToldJob): void {
    this.#last = next;
    this.#cameAt = this.#options.now();
    if (next.job.work.cleanJobs) this.#mustClean = true;
    if (this.#isTelling) this.#tellNew(next);
  }

  /** The extranonce is another one: the next job ends all before it. */
  endEarlier(): void {
    this.#mustClean = true;
  }

  /** The channel is a new one, on which nothing told before counts. */
  forget(): void {
    this.told.clear();
    this.#last = undefined;
    this.#mustClean = true;
  }

  /** Tells the job again where the pool has been silent for long. */
  tick(): void {
    const { keepaliveMs, now } = this.#options;
    if (this.#last === undefined || !this.#isTelling || now() - this.#toldAt < keepaliveMs) return;
    const id = this.told.again();
    if (id !== undefined) this.#tell(this.#last.job, linesOf(this.#last.job.work), id);
  }

  #tellNew(next: ToldJob): void {
    const lines = linesOf(next.job.work);
    this.#tell(next.job, lines, this.told.add(next, lines.id));
  }

  #tell({ work, targetLe }: ActiveJob, lines: NotifyWork, jobId: string): void {
    const mask = work.versionRollingAllowed ? this.#grantedMask : 0;
    const maskLine = mask === this.#toldMask ? '' : setVersionMaskLine(mask);
    const before = this.#difficultyLine(targetLe) + maskLine;
    const now = this.#options.now();
    const ntime = work.minNtime + this.#secondsOld(now);
    const cleanJobs = this.#mustClean;
    if (before === '' && jobId === lines.id) this.#options.tell(lines.line(ntime, cleanJobs));
    else this.#options.tell(before + lines.lineAs({ jobId, ntime, cleanJobs }));
    this.#toldMask = mask;
    this.#toldAt = now;
    this.#mustClean = false;
  }

  /** Empty where the miner has that difficulty. */
  #difficultyLine(targetLe: Uint8Array): string {
    const told = this.#toldTargetLe;
    if (told === targetLe || (told !== undefined && equalBytes(told, targetLe))) return '';
    this.#toldTargetLe = targetLe;
    const target = leBytesToTarget(targetLe);
    // With an easier difficulty, firmware that applies it at once would send shares too weak for the jobs before.
    if (told !== undefined && target > leBytesToTarget(told)) this.#mustClean = true;
    return setDifficultyLine(difficultyOfTarget(target));
  }

  /** Miners begin with the same extranonce2 on each connection: by another time they do no work twice. */
  #secondsOld(now: number): number {
    return Math.min(Math.floor((now - this.#cameAt) / 1000) + this.#resumptions, MAX_NTIME_ADVANCE_S);
  }
}
