import { equalBytes, toHex } from '../../protocols/bytes.ts';
import { ehashAmount } from '../../protocols/ehash/amount.ts';
import type { Claims } from '../../roles/mint/claims.ts';
import type { OutboxReader, OutboxShare } from '../../roles/pool/outbox/audit.ts';

/** What became of an outbox's shares. */
export interface ShareAudit {
  readonly rows: number;
  /** Shares that are quotes at the mint, and what they are worth by the terms that the pool was told. */
  readonly quoted: number;
  readonly quotedSum: bigint;
  /** Shares that the mint does not pay, each for a reason that it keeps. */
  readonly refused: number;
  /** Shares that have not reached the mint yet. */
  readonly unsent: number;
  readonly troubles: readonly string[];
}

/** Troubles that are told one by one; a broken book has one per share. */
const TROUBLES_TOLD = 10;

/** Follows every share of an outbox to the mint. */
export function auditShares(outbox: OutboxReader, claims: Claims): ShareAudit {
  const storedSeq = claims.storedSeq(outbox.outboxId);
  const troubles: string[] = [];
  const seen = new Set<string>();
  const count = { quoted: 0, refused: 0, unsent: 0 };
  let quotedSum = 0n;
  for (const share of outbox.shares()) {
    const hash = toHex(share.hashLe);
    if (seen.has(hash)) troubles.push(`share ${share.seq} is in the outbox twice`);
    seen.add(hash);
    const fate = fateOf(share, outbox.outboxId, storedSeq, claims);
    if (fate === 'quoted') quotedSum += worth(share, outbox);
    if (fate === 'quoted' || fate === 'refused' || fate === 'unsent') count[fate]++;
    else troubles.push(fate.trouble);
  }
  return { rows: outbox.rows, ...count, quotedSum, troubles: shorten(troubles) };
}

function fateOf(
  share: OutboxShare,
  outboxId: Uint8Array,
  storedSeq: bigint,
  claims: Claims,
): 'quoted' | 'refused' | 'unsent' | { readonly trouble: string } {
  if (share.seq > storedSeq) return 'unsent';
  if (claims.objection(outboxId, share.seq) !== undefined) return 'refused';
  const claim = claims.ofShare(share.hashLe);
  if (claim === undefined) return { trouble: `share ${share.seq} is in the outbox and no quote at the mint` };
  if (claim.isVoid) return 'refused';
  if (claim.k === share.k && equalBytes(claim.publicKey, share.key)) return 'quoted';
  return { trouble: `share ${share.seq} is another key's or difficulty's quote at the mint` };
}

function worth(share: OutboxShare, { terms }: OutboxReader): bigint {
  if (terms === undefined) return 0n;
  return ehashAmount(terms.policy, terms.minimumDifficulty, share.k, share.hashLe);
}

function shorten(troubles: readonly string[]): string[] {
  const told = troubles.slice(0, TROUBLES_TOLD);
  return troubles.length > told.length
    ? [...told, `and ${troubles.length - told.length} more of the kind`]
    : told;
}
