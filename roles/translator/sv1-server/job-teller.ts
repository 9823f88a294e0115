import { leBytesToTarget } from '../../../protocols/bitcoin/target.ts';
import { equalBytes } from '../../../protocols/bytes.ts';
import { difficultyOfTarget } from '../../../protocols/sv1/difficulty.ts';
import { setDifficultyLine, setExtranonceLine, setVersionMaskLine } from '../../../protocols/sv1/messages.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import type { ExtranonceLayout } from './extranonce.ts';
import { type Footing, JobTable } from './job-table.ts';
import type { MinerSocket } from './miner-socket.ts';
import { linesOf, type NotifyWork } from './notify-work.ts';

/** A repeated job's time runs on with the clock, up to this many seconds past the pool's (consensus allows 7200). */
const MAX_NTIME_ADVANCE_S = 7200;

/** Tells one miner its jobs, each after the difficulty and version mask that it is to be mined with. */
export class JobTeller {
  /** The jobs that were told and may be submitted for. */
  readonly told = new JobTable();
  /** Of the miner itself, without anybody between: on a tip that is done for ten thousand. Undefined while it is away. */
  socket: Pick<MinerSocket, 'send'> | undefined;
  readonly #keepaliveMs: number;
  readonly #now: () => number;
  #isTelling = false;
  #job: ActiveJob | undefined;
  #footing: Footing | undefined;
  #toldAt = 0;
  #toldTargetLe: Uint8Array | undefined;
  #toldMask = 0;
  #grantedMask = 0;
  #mustClean = true;
  /** Connections that the miner had before this one. */
  #resumptions = 0;

  /**
   * @param keepaliveMs milliseconds after which the last job is told again
   * @param now milliseconds; only differences count
   */
  constructor(keepaliveMs: number, now: () => number) {
    this.#keepaliveMs = keepaliveMs;
    this.#now = now;
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
    if (this.#job && this.#footing) this.#tellNew(this.#job, this.#footing);
  }

  /** The miner is on another connection and knows nothing but its extranonce; the jobs it was told still count. */
  beginAnew(versionMask: number): void {
    this.#isTelling = false;
    this.#toldTargetLe = undefined;
    this.#mustClean = true;
    this.#resumptions++;
    this.grantVersionMask(versionMask);
  }

  take(job: ActiveJob, footing: Footing): void {
    this.#job = job;
    this.#footing = footing;
    if (job.work.cleanJobs) this.#mustClean = true;
    if (this.#isTelling) this.#tellNew(job, footing);
  }

  /** The extranonce is another one: the next job ends all before it. */
  takeExtranonce({ extranonce1, extranonce2Size }: ExtranonceLayout): void {
    this.#mustClean = true;
    this.socket?.send(setExtranonceLine(extranonce1, extranonce2Size));
  }

  /** The channel is a new one, on which nothing told before counts. */
  forget(): void {
    this.told.clear();
    this.#job = undefined;
    this.#mustClean = true;
  }

  /** Tells the job again where the pool has been silent for long. */
  tick(): void {
    const now = this.#now();
    const job = this.#job;
    if (job === undefined || !this.#isTelling || now - this.#toldAt < this.#keepaliveMs) return;
    const id = this.told.again();
    if (id !== undefined) this.#tell(job, linesOf(job.work, now), id, now);
  }

  #tellNew(job: ActiveJob, footing: Footing): void {
    const now = this.#now();
    const lines = linesOf(job.work, now);
    this.#tell(job, lines, this.told.add(job, footing, lines.number), now);
  }

  #tell({ work, targetLe }: ActiveJob, lines: NotifyWork, otherId: string | undefined, now: number): void {
    const mask = work.versionRollingAllowed ? this.#grantedMask : 0;
    const maskLine = mask === this.#toldMask ? '' : setVersionMaskLine(mask);
    const before = this.#difficultyLine(targetLe) + maskLine;
    const ntime = work.minNtime + this.#secondsOld(now - lines.cameAt);
    const cleanJobs = this.#mustClean;
    if (before === '' && otherId === undefined) this.socket?.send(lines.line(ntime, cleanJobs));
    else this.socket?.send(before + lines.lineAs({ jobId: otherId ?? lines.id, ntime, cleanJobs }));
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
  #secondsOld(ageMs: number): number {
    return Math.min(Math.floor(ageMs / 1000) + this.#resumptions, MAX_NTIME_ADVANCE_S);
  }
}
