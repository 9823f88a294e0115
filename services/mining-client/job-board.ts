import { type CoinbaseParts, stripParts } from '../../protocols/bitcoin/coinbase.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { ActiveJob } from './active-job.ts';

export type NewExtendedMiningJob = Extract<MiningMessage, { name: 'NewExtendedMiningJob' }>;
export type SetNewPrevHash = Extract<MiningMessage, { name: 'SetNewPrevHash' }>;

/** Future jobs kept per channel; of more, the oldest is forgotten. */
export const MAX_FUTURE_JOBS = 16;
/** Active jobs that are known again when they are sent again. */
const MAX_ACTIVE_JOBS = 64;

const NO_TARGET = new Uint8Array(32);

interface ChainTip {
  readonly prevHashLe: Uint8Array;
  readonly nbits: number;
  readonly minNtime: number;
}

/**
 * The jobs of one extended channel as the specification activates them (5.3.16, 5.3.17): a future job waits for the
 * prev hash that names it, another is active at once on the prev hash there is. A target counts for jobs that become
 * active after it came.
 */
export class JobBoard {
  readonly #future = new Map<number, NewExtendedMiningJob>();
  /** The jobs that were activated on this tip, oldest first. */
  readonly #active = new Map<number, ActiveJob>();
  #tip: ChainTip | undefined;
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
    this.#targetLe = targetLe;
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
      return this.#activate(job, { ...this.#tip, minNtime: job.min_ntime }, false);
    }
    this.#future.set(job.job_id, job);
    const oldest = this.#future.keys().next().value;
    if (this.#future.size > MAX_FUTURE_JOBS && oldest !== undefined) this.#future.delete(oldest);
    return undefined;
  }

  /**
   * @returns the job that the prev hash activates, unless it was active already
   * @throws HashpoolError 'unknown-job' where the pool names a job that it never sent, 'bad-target'; the prev hash counts
   *   anyway
   */
  setPrevHash(message: SetNewPrevHash): ActiveJob | undefined {
    if (!this.#tip || !equalBytes(message.prev_hash, this.#tip.prevHashLe)) this.#active.clear();
    this.#tip = { prevHashLe: message.prev_hash, nbits: message.nbits, minNtime: message.min_ntime };
    const job = this.#future.get(message.job_id);
    this.#future.clear();
    if (job === undefined) {
      throw new HashpoolError(
        'unknown-job',
        `the prev hash names job ${message.job_id}, which did not come before it`,
      );
    }
    return this.#activate(job, this.#tip, true);
  }

  #activate(job: NewExtendedMiningJob, tip: ChainTip, cleanJobs: boolean): ActiveJob | undefined {
    if (this.#hasNoTarget) {
      throw new HashpoolError(
        'bad-target',
        `job ${job.job_id} came under a target of zero, which no hash meets`,
      );
    }
    const { prefix, suffix } = strippedCoinbase(job);
    const active: ActiveJob = {
      jobId: job.job_id,
      version: job.version,
      versionRollingAllowed: job.version_rolling_allowed,
      coinbasePrefix: prefix,
      coinbaseSuffix: suffix,
      merklePath: job.merkle_path,
      ...tip,
      targetLe: this.#targetLe,
      extranoncePrefix: this.#extranoncePrefix,
      cleanJobs,
    };
    const known = this.#active.get(active.jobId);
    if (known && isSameJob(known, active)) return undefined;
    this.#active.set(active.jobId, active);
    const oldest = this.#active.keys().next().value;
    if (this.#active.size > MAX_ACTIVE_JOBS && oldest !== undefined) this.#active.delete(oldest);
    return active;
  }
}

/** The members of a group get one message, and so the same bytes. */
const stripped = new WeakMap<NewExtendedMiningJob, CoinbaseParts>();

/** Pools of another make have been seen to leave the witness in; its txid would be wrong. */
function strippedCoinbase(job: NewExtendedMiningJob): CoinbaseParts {
  const known = stripped.get(job);
  if (known !== undefined) return known;
  const parts = stripParts({ prefix: job.coinbase_tx_prefix, suffix: job.coinbase_tx_suffix });
  stripped.set(job, parts);
  return parts;
}

function isSameJob(a: ActiveJob, b: ActiveJob): boolean {
  const fields = ['prevHashLe', 'coinbasePrefix', 'coinbaseSuffix', 'targetLe', 'extranoncePrefix'] as const;
  const samePath = a.merklePath.every((hash, i) => equalBytes(hash, b.merklePath[i] ?? new Uint8Array(0)));
  const sameRest = a.version === b.version && a.merklePath.length === b.merklePath.length;
  return sameRest && samePath && fields.every((field) => equalBytes(a[field], b[field]));
}
