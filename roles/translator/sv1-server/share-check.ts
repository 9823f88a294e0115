import { meetsTargetLe } from '../../../protocols/bitcoin/target.ts';
import { concatBytes } from '../../../protocols/bytes.ts';
import type { Hash } from '../../../protocols/crypto/hash.ts';
import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';
import type { SubmitRequest } from '../../../protocols/sv1/requests.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import type { Share } from '../../../services/mining-client/channel.ts';

/**
 * Builds the share that a miner's submit stands for and checks what needs no pool: version bits, time, and the hash
 * against the job's own target. Stale and duplicate are the pool's to say.
 * @param padding bytes between the channel's prefix and what the miner rolls
 * @param mask version bits granted to this miner
 * @throws Sv1Error with the words for what is wrong
 */
export function checkShare(
  hash: Hash,
  job: ActiveJob,
  submit: SubmitRequest,
  padding: Uint8Array,
  mask: number,
): Share {
  const version = rolledVersion(job, submit.versionBits, mask);
  const { ntime, nonce } = submit;
  if (ntime < job.minNtime) throw new Sv1Error(refusals.ntimeOutOfRange);
  const extranonce = concatBytes(padding, submit.extranonce2);
  const full = concatBytes(job.extranoncePrefix, extranonce);
  const { hashLe } = hash.shareHeader(job, { extranonce: full, version, ntime, nonce });
  if (!meetsTargetLe(hashLe, job.targetLe)) throw new Sv1Error(refusals.lowDifficulty);
  return { jobId: job.jobId, version, ntime, nonce, extranonce };
}

/** BIP310: the job's version with the miner's bits in the places of the mask. */
function rolledVersion(job: ActiveJob, bits: number | undefined, mask: number): number {
  if (bits === undefined) return job.version;
  const allowed = job.versionRollingAllowed ? mask : 0;
  if ((bits & ~allowed) !== 0) throw new Sv1Error(refusals.versionMask);
  return ((job.version & ~allowed) | (bits & allowed)) >>> 0;
}
