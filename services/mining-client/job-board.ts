import { stripParts } from '../../protocols/bitcoin/coinbase.ts';
import { equalBytes, toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { ActiveJob, Work } from './active-job.ts';

export type NewExtendedMiningJob = Extract<MiningMessage, { name: 'NewExtendedMiningJob' }>;
export type SetNewPrevHash = Extract<MiningMessage, { name: 'SetNewPrevHash' }>;

/** Future jobs kept per channel; of more, the oldest is forgotten. */
export const MAX_FUTURE_JOBS = 16;
/** Active jobs that are known again when they are sent again. */
const MAX_ACTIVE_JOBS = 64;

const NO_TARGET = new Uint8Array(32);
/** Ten thousand channels that wait for nothing need no list each. */
const NONE: readonly never[] = [];
/** Different targets whose bytes channels share; with more, they are gathered anew. */
const MAX_SHARED_TARGETS = 1024;

/**
 * The jobs of one extended channel as the specification activates them (5.3.16, 5.3.17): a future job waits for the
 * prev hash that names it, another is active at once on the prev hash there is. A target counts for jobs that become
 * active after it came.
 */
export class JobBoard {
  #future: readonly NewExtendedMiningJob[] = NONE;
  /** The job that was activated last, and those before it on the same tip: at a new tip nothing is allocated for them. */
  #last: ActiveJob | undefined;
  #earlier: readonly ActiveJob[] = NONE;
  #tip: SetNewPrevHash | undefined;
  #targetLe: Uint8Array = NO_TARGET;
  #hasNoTarget = true;
  #extranoncePrefix: Uint8Array;

  constructor(targetLe: Uint8Array, extranoncePrefix: Uint8Array) {
    this.#extranoncePrefix = extranoncePrefix;
    this.setTarget(targetLe);
  }

  /** The target of the jobs to come, 32 bytes little-endian. */
  get targetLe(): Uint8Array {
    return this.#targetLe;
  }

  get extranoncePrefix(): Uint8Array {
    return this.#extranoncePrefix;
  }

  setTarget(targetLe: Uint8Array): void {
    this.#targetLe = sharedTarget(targetLe);
    this.#hasNoTarget = targetLe.every((byte) => byte === 0);
  }

  /** For the jobs that become active after it (5.3.13). */
  setExtranoncePrefix(prefix: Uint8Array): void {
    // Under another prefix a job that is sent again is another job.
    if (!equalBytes(prefix, this.#extranoncePrefix)) this.#forgetActive();
    this.#extranoncePrefix = prefix;
  }

  /**
   * @returns the job where it is active at once, and was not before, as on a channel that is resumed
   * @throws HashpoolError 'no-prev-hash' for a job that is not for the future, before any prev hash;
   *   'bad-coinbase-witness', 'bad-target'
   */
  addJob(job: NewExtendedMiningJob): ActiveJob | undefined {
    if (job.min_ntime !== null) {
      if (this.#tip === undefined) {
        throw new HashpoolError(
          'no-prev-hash',
          `job ${job.job_id} is to be mined now, but no prev hash came before it`,
        );
      }
      return this.#activate(job, this.#tip);
    }
    const others = this.#future.filter(({ job_id }) => job_id !== job.job_id);
    this.#future = [...others, job].slice(-MAX_FUTURE_JOBS);
    return undefined;
  }

  /**
   * @param ofGroup the job that it names where that was sent to the channel's group, and not to the channel itself
   * @returns the job that the prev hash activates, unless it was active already
   * @throws HashpoolError 'unknown-job' where the pool names a job that it never sent, 'bad-target'; the prev hash counts
   *   anyway
   */
  setPrevHash(message: SetNewPrevHash, ofGroup?: NewExtendedMiningJob): ActiveJob | undefined {
    if (!this.#tip || !equalBytes(message.prev_hash, this.#tip.prev_hash)) this.#forgetActive();
    this.#tip = message;
    const own = this.#future.length > 0 && this.#future.find(({ job_id }) => job_id === message.job_id);
    const job = own || ofGroup;
    this.#future = NONE;
    if (job === undefined) {
      throw new HashpoolError(
        'unknown-job',
        `the prev hash names job ${message.job_id}, which did not come before it`,
      );
    }
    return this.#activate(job, message);
  }

  #activate(message: NewExtendedMiningJob, tip: SetNewPrevHash): ActiveJob | undefined {
    if (this.#hasNoTarget) {
      throw new HashpoolError(
        'bad-target',
        `job ${message.job_id} came under a target of zero, which no hash meets`,
      );
    }
    const active = activeJob(message, tip, this.#targetLe);
    const last = this.#last;
    if (last !== undefined) {
      const known = [...this.#earlier, last];
      const former = known.find(({ work }) => work.jobId === message.job_id);
      if (former !== undefined && isSameJob(former, active)) return undefined;
      this.#earlier = known.filter((job) => job !== former).slice(1 - MAX_ACTIVE_JOBS);
    }
    this.#last = active;
    return active;
  }

  #forgetActive(): void {
    this.#last = undefined;
    this.#earlier = NONE;
  }
}

const targets = new Map<string, Uint8Array>();

/** Of ten thousand channels many have the same target, a power of two. */
function sharedTarget(targetLe: Uint8Array): Uint8Array {
  const name = toHex(targetLe);
  const known = targets.get(name);
  if (known !== undefined) return known;
  if (targets.size >= MAX_SHARED_TARGETS) targets.clear();
  targets.set(name, targetLe);
  return targetLe;
}

/** What was made of a message, for all channels that get it. */
interface Made {
  readonly tip: SetNewPrevHash;
  readonly work: Work;
  readonly jobs: Map<Uint8Array, ActiveJob>;
}

/** What was made last of each job. */
const made = new WeakMap<NewExtendedMiningJob, Made>();

/** The channels of a group get one message, and so, at the same target, one job. @throws HashpoolError 'bad-coinbase-witness' */
function activeJob(message: NewExtendedMiningJob, tip: SetNewPrevHash, targetLe: Uint8Array): ActiveJob {
  const { work, jobs } = madeOf(message, tip);
  const known = jobs.get(targetLe);
  if (known !== undefined) return known;
  if (jobs.size >= MAX_SHARED_TARGETS) jobs.clear();
  const job = { work, targetLe };
  jobs.set(targetLe, job);
  return job;
}

function madeOf(message: NewExtendedMiningJob, tip: SetNewPrevHash): Made {
  const known = made.get(message);
  if (known !== undefined && isSameTip(message, known.tip, tip)) return known;
  const fresh = { tip, work: workOf(message, tip), jobs: new Map<Uint8Array, ActiveJob>() };
  made.set(message, fresh);
  return fresh;
}

/** True where the job is the same on both. */
function isSameTip(message: NewExtendedMiningJob, a: SetNewPrevHash, b: SetNewPrevHash): boolean {
  if (a === b) return true;
  const isSameTime = message.min_ntime !== null || a.min_ntime === b.min_ntime;
  return isSameTime && a.nbits === b.nbits && equalBytes(a.prev_hash, b.prev_hash);
}

function workOf(job: NewExtendedMiningJob, tip: SetNewPrevHash): Work {
  // Pools of another make have been seen to leave the witness in; its txid would be wrong.
  const { prefix, suffix } = stripParts({ prefix: job.coinbase_tx_prefix, suffix: job.coinbase_tx_suffix });
  return {
    jobId: job.job_id,
    version: job.version,
    versionRollingAllowed: job.version_rolling_allowed,
    coinbasePrefix: prefix,
    coinbaseSuffix: suffix,
    merklePath: job.merkle_path,
    prevHashLe: tip.prev_hash,
    nbits: tip.nbits,
    minNtime: job.min_ntime ?? tip.min_ntime,
    cleanJobs: job.min_ntime === null,
  };
}

function isSameJob(a: ActiveJob, b: ActiveJob): boolean {
  return equalBytes(a.targetLe, b.targetLe) && (a.work === b.work || isSameWork(a.work, b.work));
}

function isSameWork(a: Work, b: Work): boolean {
  const fields = ['prevHashLe', 'coinbasePrefix', 'coinbaseSuffix'] as const;
  const samePath = a.merklePath.every((hash, i) => equalBytes(hash, b.merklePath[i] ?? new Uint8Array(0)));
  const sameRest = a.version === b.version && a.merklePath.length === b.merklePath.length;
  return sameRest && samePath && fields.every((field) => equalBytes(a[field], b[field]));
}
