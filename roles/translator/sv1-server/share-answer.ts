import { refusalInWords, refusals, type Sv1Refusal } from '../../../protocols/sv1/errors.ts';
import type { ShareVerdict } from '../../../services/mining-client/pending-shares.ts';

/** What became of the miners' shares, by the pool's word. */
export interface ShareCounts {
  accepted: number;
  rejected: number;
  /** Nobody knows: they were not answered, and could not be sent again in time. */
  lost: number;
}

/** The pool's SubmitShares.Error codes (SV2 mining protocol, 5.3.14) in Stratum V1's. */
const refusalOfCode: Readonly<Record<string, Sv1Refusal>> = {
  'stale-share': refusals.stale,
  'invalid-job-id': refusals.jobNotFound,
  'duplicate-share': refusals.duplicate,
  'difficulty-too-low': refusals.lowDifficulty,
  'bad-extranonce-size': refusals.extranonce2Length,
  'version-rolling-not-allowed': refusals.versionMask,
  'invalid-non-rollable-version-bit': refusals.versionMask,
  'invalid-ehash-key': refusals.unauthorized,
  'invalid-channel-id': { code: 20, words: 'invalid-channel-id' },
  'invalid-share': { code: 20, words: 'Mining Submit validation error' },
};

/** What a miner is told when the pool refuses its share. */
export function refusalOfPool(code: string): Sv1Refusal {
  return refusalOfCode[code] ?? refusalInWords(20, `Pool: ${code}`);
}

/** What a miner is told of a share whose fate nobody knows. */
export function refusalOfLoss(reason: string): Sv1Refusal {
  return refusalInWords(20, `No answer from the pool: ${reason}`);
}

/** What a miner is told of a share that was not accepted. */
export function refusalOf(verdict: Exclude<ShareVerdict, { readonly kind: 'accepted' }>): Sv1Refusal {
  return verdict.kind === 'refused' ? refusalOfPool(verdict.code) : refusalOfLoss(verdict.reason);
}

export function countShare(shares: ShareCounts, { kind }: ShareVerdict): void {
  if (kind === 'accepted') shares.accepted++;
  else if (kind === 'refused') shares.rejected++;
  else shares.lost++;
}
