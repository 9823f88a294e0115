import { meetsCompact, meetsTargetLe } from '../../../protocols/bitcoin/target.ts';
import { concatBytes } from '../../../protocols/bytes.ts';
import type { Hash } from '../../../protocols/crypto/hash.ts';
import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { SubmitRequest } from '../../../protocols/sv1/requests.ts';
import type { Work } from '../../../services/mining-client/active-job.ts';
import type { Share } from '../../../services/mining-client/channel.ts';
import type { ToldJob } from './job-table.ts';

/** Seconds by which a share's time may be ahead, as consensus has it for blocks. */
export const MAX_NTIME_AHEAD_S = 7200;

/** What a miner's shares are held to, besides their job. */
export interface ShareRules {
  /** Version bits granted to this miner. */
  readonly versionMask: number;
  /** Milliseconds since 1970. */
  readonly wallClockMs: number;
}

/**
 * Builds the share that a miner's submit stands for and checks version bits and time. Stale and duplicate are the
 * pool's to say, and so is what its hash is worth, see {@link checkWork}.
 * @throws Sv1Error with the words for what is wrong
 */
export function checkShare(
  { job, footing }: ToldJob,
  submit: SubmitRequest,
  { versionMask, wallClockMs }: ShareRules,
): Share {
  const { work } = job;
  const version = rolledVersion(work, submit.versionBits, versionMask);
  const { ntime, nonce, extranonce2 } = submit;
  const latest = Math.max(work.minNtime, Math.floor(wallClockMs / 1000)) + MAX_NTIME_AHEAD_S;
  if (ntime < work.minNtime || ntime > latest) throw new Sv1Error(refusals.ntimeOutOfRange);
  const { padding } = footing.layout;
  const extranonce = padding.length === 0 ? extranonce2 : concatBytes(padding, extranonce2);
  return { jobId: work.jobId, version, ntime, nonce, extranonce };
}

/**
 * Hashes the share. A block goes to the pool whatever it is worth as a share: on a test network it may be easier.
 * @throws Sv1Error where it meets neither the job's own target nor the chain's
 */
export function checkWork(hash: Hash, { job, footing }: ToldJob, share: Share): void {
  const extranonce = concatBytes(footing.layout.prefix, share.extranonce);
  const { hashLe } = hash.shareHeader(job.work, { ...share, extranonce });
  if (meetsTargetLe(hashLe, job.targetLe) || meetsCompact(hashLe, job.work.nbits)) return;
  throw new Sv1Error(refusals.lowDifficulty);
}

/** BIP310: the job's version with the miner's bits in the places of the mask. */
function rolledVersion(job: Work, bits: number | undefined, mask: number): number {
  if (bits === undefined) return job.version;
  const allowed = job.versionRollingAllowed ? mask : 0;
  if ((bits & ~allowed) !== 0) throw new Sv1Error(refusals.versionMask);
  return ((job.version & ~allowed) | (bits & allowed)) >>> 0;
}
