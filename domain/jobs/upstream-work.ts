import { hasWitness } from '../../protocols/bitcoin/coinbase.ts';
import { sha256d } from '../../protocols/bitcoin/hash.ts';
import { compactToTarget, powerTarget, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import { concatBytes, equalBytes, toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { NotifyFields } from '../../protocols/sv1/messages.ts';
import type { Extranonce } from '../../protocols/sv1/server-messages.ts';
import type { SeenShares } from '../shares/seen-shares.ts';
import { MAX_TIME_AHEAD } from '../shares/validate-share.ts';
import { type ExtendedJob, type LiveJob, liveJob, type Tip } from './extended-job.ts';
import { JobIds } from './job-ids.ts';

/** BIP320's bits: what a client of Stratum V2 rolls where it may roll any. */
const CLIENT_MASK = 0x1fffe000;
/** Halves of a coinbase together; more would hardly fit into the messages that carry them to miners. */
const MAX_COINBASE_BYTES = 32_768;
/** Coinbases on one prev hash that are known again; an upstream that makes more has its jobs refused until the next one. */
const MAX_COINBASES = 4096;

/** A job whose coinbase is fixed but for a part of its extranonce, and what it is mined with. */
export interface FixedJob {
  /** Unique in the process. */
  readonly number: bigint;
  readonly fields: Omit<NotifyFields, 'jobId' | 'cleanJobs'>;
  readonly extranonce: Extranonce;
  /** What a block must meet, where it is known and not what nbits say: 32 bytes. */
  readonly targetLe?: Uint8Array;
  /** Bits of the version that the upstream lets be rolled. */
  readonly versionMask: number;
  /** Whether the upstream takes shares for none of the earlier jobs any more. */
  readonly isClean: boolean;
}

/** A job of a Stratum V1 upstream. */
export interface UpstreamJob extends FixedJob {
  readonly fields: NotifyFields;
}

/**
 * Refuses a job that no share could be found for, or none that anybody would take.
 * @param now seconds since 1970
 * @throws HashpoolError 'bad-upstream-job' naming what is wrong
 */
export function checkUpstreamJob({ fields }: UpstreamJob, now: number): void {
  const { coinbasePrefix, coinbaseSuffix, ntime, nbits } = fields;
  const length = coinbasePrefix.length + coinbaseSuffix.length;
  if (length > MAX_COINBASE_BYTES) {
    throw bad(`its coinbase has ${length} bytes, more than ${MAX_COINBASE_BYTES}`);
  }
  if (hasWitness(coinbasePrefix)) throw bad('its coinbase is not stripped of the witness');
  const ahead = ntime - now;
  if (Math.abs(ahead) > MAX_TIME_AHEAD) {
    const hours = (Math.abs(ahead) / 3600).toFixed(1);
    throw bad(
      `its time is ${hours} hours ${ahead > 0 ? 'ahead of' : 'behind'} this machine's clock: one of them is wrong`,
    );
  }
  try {
    compactToTarget(nbits);
  } catch (cause) {
    throw bad(`its nbits ${nbits.toString(16)} stand for no target`, cause);
  }
}

/**
 * Turns jobs with a fixed coinbase into jobs for all channels. What is free of it, extranonce2, is shared out:
 *
 *     [ coinbase1 ][ extranonce1 ][ number of our job ][ full extranonce: prefix, rolled ][ coinbase2 ]
 *     `------------ the job's coinbase prefix --------´
 *
 * The number makes each of our jobs a search space of its own: a hash found for one can't be handed in for another with a
 * different target. It goes on where the upstream sends the same coinbase again, under whatever id.
 */
export class UpstreamWork {
  readonly #ids: JobIds;
  readonly #blockBits: number;
  /** How many of our jobs were made of each coinbase on this prev hash. */
  readonly #made = new Map<string, number>();
  #fullBytes = 0;
  #source: FixedJob | undefined;
  #current: LiveJob | undefined;

  /**
   * @param firstJobId see {@link JobIds}
   * @param blockBits leading zero bits that a block must have, whatever nbits say; for trials
   */
  constructor(firstJobId: number, blockBits = 0) {
    this.#ids = new JobIds(firstJobId);
    this.#blockBits = blockBits;
  }

  /** The newest job. */
  get current(): LiveJob | undefined {
    return this.#current;
  }

  /**
   * Takes a job of the upstream; one of Stratum V1 is checked by {@link checkUpstreamJob}.
   * @param seen shares already known on its prev hash
   * @param fullBytes of the full extranonce, fewer than extranonce2 has
   * @returns the job; to be activated where `isTip`, since it ends all before it
   * @throws HashpoolError 'upstream-jobs-exhausted' where its search spaces are used up
   */
  take(source: FixedJob, seen: SeenShares, fullBytes: number): { live: LiveJob; isTip: boolean } {
    const { prevHashLe, nbits, ntime } = source.fields;
    const before = this.#current?.tip;
    const isOnTip = before !== undefined && equalBytes(before.prevHashLe, prevHashLe);
    if (!isOnTip) this.#made.clear();
    const isTip = source.isClean || !isOnTip || before.nbits !== nbits;
    const tip: Tip = isTip
      ? { prevHashLe, nbits, minNtime: ntime, targetLe: source.targetLe ?? this.#blockTarget(nbits), seen }
      : before;
    const job = this.#make(source, fullBytes);
    if (job === undefined) {
      throw new HashpoolError(
        'upstream-jobs-exhausted',
        `the upstream gives ${source.extranonce.extranonce2Size} bytes of extranonce2, which leaves too few to make more jobs of its own`,
      );
    }
    this.#source = source;
    this.#fullBytes = fullBytes;
    this.#current = liveJob(job, tip);
    return { live: this.#current, isTip };
  }

  /**
   * The upstream lets other bits of the version be rolled from now on.
   * @returns the newest job anew, to be told to all; undefined where nothing changes, or there is none
   */
  setVersionMask(versionMask: number): LiveJob | undefined {
    if (!this.#source || this.#source.versionMask === versionMask) return undefined;
    this.#source = { ...this.#source, versionMask };
    return this.#remake();
  }

  /**
   * A job of the upstream's newest that is newer than `jobId`, for a channel whose target changed.
   * @returns undefined where there are no more: the target then counts from the upstream's next job on
   */
  renew(jobId: number): LiveJob | undefined {
    if (!this.#current || this.#current.job.id !== jobId) return this.#current;
    return this.#remake();
  }

  #remake(): LiveJob | undefined {
    const job = this.#source && this.#make(this.#source, this.#fullBytes);
    if (!job || !this.#current) return undefined;
    this.#current = liveJob(job, this.#current.tip);
    return this.#current;
  }

  #make({ number, fields, extranonce, versionMask }: FixedJob, fullBytes: number): ExtendedJob | undefined {
    const { coinbasePrefix, coinbaseSuffix, merklePath, version, ntime } = fields;
    const prefix = concatBytes(coinbasePrefix, extranonce.extranonce1);
    const place = this.#next(
      toHex(sha256d(concatBytes(prefix, coinbaseSuffix, ...merklePath))),
      extranonce.extranonce2Size - fullBytes,
    );
    if (place === undefined) return undefined;
    const job: ExtendedJob = {
      id: this.#ids.next(),
      templateId: number,
      version,
      // Messages say yes or no: a client that may roll will roll all of these bits.
      versionRollingAllowed: (versionMask & CLIENT_MASK) === CLIENT_MASK,
      versionMask,
      minNtime: ntime,
      coinbasePrefix: concatBytes(prefix, place),
      coinbaseSuffix,
      merklePath,
      withTag: () => job,
    };
    return job;
  }

  /** The number of the next job of a coinbase, in so many bytes. */
  #next(coinbase: string, length: number): Uint8Array | undefined {
    const made = this.#made.get(coinbase) ?? 0;
    if (length < 1 || made >= 256 ** length) return undefined;
    if (made === 0 && this.#made.size >= MAX_COINBASES) return undefined;
    this.#made.set(coinbase, made + 1);
    return Uint8Array.from({ length }, (_, i) => Math.floor(made / 256 ** (length - 1 - i)) % 256);
  }

  #blockTarget(nbits: number): Uint8Array {
    const target = compactToTarget(nbits);
    const easiest = powerTarget(this.#blockBits);
    return targetToLeBytes(target < easiest ? target : easiest);
  }
}

function bad(words: string, cause?: unknown): HashpoolError {
  const options = cause === undefined ? {} : { cause };
  return new HashpoolError('bad-upstream-job', `the upstream's job can't be used: ${words}`, options);
}
