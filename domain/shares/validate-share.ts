import { meetsPower, meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { concatBytes } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import type { ChannelJob, ChannelJobs } from '../jobs/channel-jobs.ts';
import { earliestTime } from '../jobs/extended-job.ts';

/** Bits of the version that BIP323 leaves to miners; BIP320's are among them. */
export const BIP323_MASK = 0x1fffffe0;

/** Consensus lets a block's time be this far ahead of a node's clock, in seconds. */
export const MAX_TIME_AHEAD = 7200;

/** Error codes of `SubmitShares.Error`. */
export type ShareError =
  | 'invalid-channel-id'
  | 'stale-share'
  | 'invalid-job-id'
  | 'bad-extranonce-size'
  | 'invalid-share'
  | 'version-rolling-not-allowed'
  | 'invalid-non-rollable-version-bit'
  | 'duplicate-share'
  | 'difficulty-too-low'
  | 'too-many-shares'
  | 'invalid-ehash-key';

/** The fields of `SubmitShares…` that make the header; the extranonce of a standard channel's share is empty. */
export interface SubmittedShare {
  readonly job_id: number;
  readonly nonce: number;
  readonly ntime: number;
  readonly version: number;
  readonly extranonce: Uint8Array;
}

/** A share that was hashed. */
export interface HashedWork {
  readonly job: ChannelJob;
  /** Prefix and what the miner rolled. */
  readonly extranonce: Uint8Array;
  readonly header: Uint8Array;
  readonly hashLe: Uint8Array;
  /** Meets the network's target, whatever its job's. */
  readonly isBlock: boolean;
}

/** A share whose fields are right, yet to be hashed. */
export interface CheckedShare {
  readonly job: ChannelJob;
  readonly share: SubmittedShare;
}

/** What a share's fields are held to besides its channel. */
export interface ShareRules {
  /** Seconds since 1970. */
  readonly now: number;
  /** Milliseconds, of a clock that only goes forward. */
  readonly clock: number;
  /** Bits of the version that may differ from the job's. */
  readonly versionMask: number;
}

/**
 * Everything about a share that can be judged without its hash, in the order of Stratum V2's reference
 * implementation: job, extranonce, time, version.
 * @returns the share with its job, or the error code
 */
export function checkShare(
  jobs: ChannelJobs,
  rollableBytes: number,
  share: SubmittedShare,
  rules: ShareRules,
): CheckedShare | ShareError {
  const job = jobs.find(share.job_id, rules.clock);
  if (job === 'stale') return 'stale-share';
  if (job === 'unknown') return 'invalid-job-id';
  if (share.extranonce.length !== rollableBytes) return 'bad-extranonce-size';
  const { job: work } = job.live;
  if (share.ntime < earliestTime(job.live) || share.ntime > rules.now + MAX_TIME_AHEAD)
    return 'invalid-share';
  const changed = share.version ^ work.version;
  const mask = rules.versionMask & (work.versionMask ?? rules.versionMask);
  const mayRoll = work.versionRollingAllowed && mask !== 0;
  if (changed !== 0 && !mayRoll) return 'version-rolling-not-allowed';
  if ((changed & ~mask) !== 0) return 'invalid-non-rollable-version-bit';
  return { job, share };
}

/**
 * Hashes shares, those of one job together: that takes half the time. A share's prefix is the one its job was sent
 * with, not the channel's latest.
 * @returns the work of each, in their order
 */
export function hashShares(checked: readonly CheckedShare[], hash: Hash): HashedWork[] {
  const rolled = checked.map(({ job, share: { extranonce, version, ntime, nonce } }, place) => {
    return { place, job, extranonce: concatBytes(job.extranoncePrefix, extranonce), version, ntime, nonce };
  });
  const works: HashedWork[] = [];
  for (const [hashed, together] of Map.groupBy(rolled, ({ job }) => job.live.hashed)) {
    const headers = hash.shareHeaders(hashed, together);
    for (const [at, { place, job, extranonce }] of together.entries()) {
      const made = headers[at];
      if (!made) throw new RangeError('there is a header for each share');
      const { header, hashLe } = made;
      works[place] = {
        job,
        extranonce,
        header,
        hashLe,
        isBlock: meetsTargetLe(hashLe, job.live.tip.targetLe),
      };
    }
  }
  return works;
}

/** Who hands the share in. */
export interface ShareClaim {
  /** Tag of the key to be paid, 0 for none. */
  readonly payee: number;
  /** Of the channel. */
  readonly session: number;
}

/** A share as judged, and why it isn't accepted, if it isn't. */
export interface Verdict {
  readonly error?: ShareError;
  readonly work: HashedWork;
  /** Stored already for the same payee: to be answered as accepted, not to be stored again. */
  readonly replay?: boolean;
}

/**
 * Judges a share by its hash. A duplicate is one before it is easy or a block. `verdict.work.isBlock` is to be acted
 * upon whatever `error` says, but for duplicates. Where the tip has had so many shares that no more can be told apart,
 * they are refused until the next one.
 */
export function judgeWork(work: HashedWork, claim: ShareClaim): Verdict {
  const { job } = work;
  const paid = meetsPower(work.hashLe, job.k);
  if (!paid && !work.isBlock) return { error: 'difficulty-too-low', work };
  const { seen } = job.live.tip;
  const sighting = seen.look(work.hashLe, claim.payee, claim.session);
  if (sighting === 'duplicate') return { error: 'duplicate-share', work: withoutBlock(work) };
  if (sighting === 'replay') return { work: withoutBlock(work), replay: true };
  if (!paid) return { error: 'difficulty-too-low', work };
  return seen.full ? { error: 'too-many-shares', work } : { work };
}

function withoutBlock(work: HashedWork): HashedWork {
  return { ...work, isBlock: false };
}
