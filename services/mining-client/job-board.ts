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
  /** The jobs that were activated on this tip, oldest first. */
  #active: readonly ActiveJob[] = NONE;
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
      return this.#activate(workOf(job, this.#tip));
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
    if (!this.#tip || !equalBytes(message.prev_hash, this.#tip.prev_hash)) this.#active = NONE;
    this.#tip = message;
    const job = this.#future.find(({ job_id }) => job_id === message.job_id) ?? ofGroup;
    this.#future = NONE;
    if (job === undefined) {
      throw new HashpoolError(
        'unknown-job',
        `the prev hash names job ${message.job_id}, which did not come before it`,
      );
    }
    return this.#activate(workOf(job, message));
  }

  #activate(work: Work): ActiveJob | undefined {
    if (this.#hasNoTarget) {
      throw new HashpoolError(
        'bad-target',
        `job ${work.jobId} came under a target of zero, which no hash meets`,
      );
    }
    const active = { work, targetLe: this.#targetLe, extranoncePrefix: this.#extranoncePrefix };
    const known = this.#active.findIndex((job) => job.work.jobId === work.jobId);
    const former = this.#active[known];
    if (former !== undefined && isSameJob(former, active)) return undefined;
    this.#active =
      former === undefined
        ? [...this.#active, active].slice(-MAX_ACTIVE_JOBS)
        : this.#active.with(known, active);
    return active;
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

/** What was made last of each job. */
const works = new WeakMap<NewExtendedMiningJob, Work>();

/** The channels of a group get one message, and so one piece of work. @throws HashpoolError 'bad-coinbase-witness' */
function workOf(job: NewExtendedMiningJob, tip: SetNewPrevHash): Work {
  const known = works.get(job);
  const minNtime = job.min_ntime ?? tip.min_ntime;
  const isSameTime = known?.nbits === tip.nbits && known.minNtime === minNtime;
  if (isSameTime && equalBytes(known.prevHashLe, tip.prev_hash)) return known;
  // Pools of another make have been seen to leave the witness in; its txid would be wrong.
  const { prefix, suffix } = stripParts({ prefix: job.coinbase_tx_prefix, suffix: job.coinbase_tx_suffix });
  const work = {
    jobId: job.job_id,
    version: job.version,
    versionRollingAllowed: job.version_rolling_allowed,
    coinbasePrefix: prefix,
    coinbaseSuffix: suffix,
    merklePath: job.merkle_path,
    prevHashLe: tip.prev_hash,
    nbits: tip.nbits,
    minNtime,
    cleanJobs: job.min_ntime === null,
  };
  works.set(job, work);
  return work;
}

function isSameJob(a: ActiveJob, b: ActiveJob): boolean {
  const isSamePlace =
    equalBytes(a.targetLe, b.targetLe) && equalBytes(a.extranoncePrefix, b.extranoncePrefix);
  return isSamePlace && (a.work === b.work || isSameWork(a.work, b.work));
}

function isSameWork(a: Work, b: Work): boolean {
  const fields = ['prevHashLe', 'coinbasePrefix', 'coinbaseSuffix'] as const;
  const samePath = a.merklePath.every((hash, i) => equalBytes(hash, b.merklePath[i] ?? new Uint8Array(0)));
  const sameRest = a.version === b.version && a.merklePath.length === b.merklePath.length;
  return sameRest && samePath && fields.every((field) => equalBytes(a[field], b[field]));
}
