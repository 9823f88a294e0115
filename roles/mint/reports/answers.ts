import { reversed, toHex } from '../../../protocols/bytes.ts';
import type { FoundShare } from './tree-store.ts';
import type { FoundLeaf } from './trees.ts';

/** Where a report counts something, as it is published. */
export function leafAnswer({ leaf, proof }: FoundLeaf) {
  return {
    amount: String(leaf.amount),
    index: proof.index,
    siblings: proof.siblings.map(({ hash, sum }) => ({ hash: toHex(hash), sum: String(sum) })),
  };
}

/** A share as it is shown to its owner, or to everybody where a block has drawn it. */
export function shareAnswer(share: FoundShare) {
  return {
    ...leafAnswer(share),
    share: toHex(reversed(share.hashLe)),
    k: share.k,
    key: toHex(share.key),
    salt: toHex(share.salt),
  };
}
