import {
  type RefusalReason,
  refusalInWords,
  refusalReasons,
  refusals,
  type Sv1Refusal,
} from '../../../protocols/sv1/errors.ts';
import type { ShareVerdict } from '../../../services/mining-client/pending-shares.ts';

/** What became of the miners' shares. */
export interface ShareCounts {
  /** By the pool's word. */
  accepted: number;
  /** By the pool's word or by ours. */
  rejected: number;
  /** Nobody knows: they were not answered, and could not be sent again in time. */
  lost: number;
  /** Those rejected, by reason. */
  readonly reasons: Record<RefusalReason, number>;
}

export function newShareCounts(): ShareCounts {
  const names = Object.keys(refusalReasons) as RefusalReason[];
  const reasons = Object.fromEntries(names.map((name) => [name, 0])) as Record<RefusalReason, number>;
  return { accepted: 0, rejected: 0, lost: 0, reasons };
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
  'invalid-channel-id': { code: 20, words: 'invalid-channel-id', reason: 'other' },
  'invalid-share': { code: 20, words: 'Mining Submit validation error', reason: 'other' },
};

/** What a miner is told when the pool refuses its share. */
export function refusalOfPool(code: string): Sv1Refusal {
  return refusalOfCode[code] ?? refusalInWords(20, `Pool: ${code}`);
}

/** What a miner is told of a share whose fate nobody knows. */
export function refusalOfLoss(reason: string): Sv1Refusal {
  return refusalInWords(20, `No answer from the pool: ${reason}`, 'no_answer');
}

/** What a miner is told of a share that was not accepted. */
export function refusalOf(verdict: Exclude<ShareVerdict, { readonly kind: 'accepted' }>): Sv1Refusal {
  return verdict.kind === 'refused' ? refusalOfPool(verdict.code) : refusalOfLoss(verdict.reason);
}

/** Counts what the pool said. */
export function countShare(shares: ShareCounts, verdict: ShareVerdict): void {
  if (verdict.kind === 'accepted') shares.accepted++;
  else if (verdict.kind === 'refused') countRefusal(shares, refusalOf(verdict));
  else shares.lost++;
}

/** Counts a share that is refused. */
export function countRefusal(shares: ShareCounts, { reason }: Sv1Refusal): void {
  shares.rejected++;
  shares.reasons[reason]++;
}
