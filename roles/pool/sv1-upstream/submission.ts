import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import { leBytesToTarget } from '../../../protocols/bitcoin/target.ts';
import { concatBytes, readU32Le, toHex } from '../../../protocols/bytes.ts';
import { hexU32 } from '../../../protocols/sv1/fields.ts';

const VERSION_OFFSET = 0;
const TIME_OFFSET = 68;
const NONCE_OFFSET = 76;

/** What a share is judged by and sent with at its upstream. */
export interface SubmissionTerms {
  readonly user: string;
  /** The upstream's own id of the job. */
  readonly jobId: string;
  readonly extranonce2Size: number;
  /** Bits of the version that the upstream lets be rolled at this moment. */
  readonly versionMask: number;
}

/** Whether a share's hash is at most a target. */
export function meetsTarget({ hashLe }: HashedWork, target: bigint): boolean {
  return leBytesToTarget(hashLe) <= target;
}

/**
 * A share as `mining.submit` takes it: of the upstream's extranonce2 the first bytes tell our jobs apart and end our
 * coinbase prefix, the others are the full extranonce.
 * @returns undefined where it rolls bits of the version that the upstream does not allow any more
 */
export function submitParams(work: HashedWork, terms: SubmissionTerms): string[] | undefined {
  const { job, header, extranonce } = work;
  const { coinbasePrefix, version } = job.live.job;
  const rolled = readU32Le(header, VERSION_OFFSET) ^ version;
  if ((rolled & ~terms.versionMask) !== 0) return undefined;
  const ownBytes = coinbasePrefix.subarray(
    coinbasePrefix.length - (terms.extranonce2Size - extranonce.length),
  );
  const params = [
    terms.user,
    terms.jobId,
    toHex(concatBytes(ownBytes, extranonce)),
    hexU32(readU32Le(header, TIME_OFFSET)),
    hexU32(readU32Le(header, NONCE_OFFSET)),
  ];
  const bits = readU32Le(header, VERSION_OFFSET) & terms.versionMask;
  return terms.versionMask === 0 ? params : [...params, hexU32(bits)];
}
