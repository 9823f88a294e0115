import { concatBytes } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { sha256d } from './hash.ts';

/**
 * The coinbase's merkle path: the siblings to hash it with, deepest first (SV2 `merkle_path`, SV1 branches).
 * @param txidsLe ids of the other transactions in block order, 32 bytes each in header order
 */
export function merklePath(txidsLe: readonly Uint8Array[]): Uint8Array[] {
  const path: Uint8Array[] = [];
  // The coinbase's place stays empty: on each level its sibling stands right behind it.
  let level = txidsLe;
  while (level.length > 0) {
    const [sibling, ...others] = level;
    if (sibling !== undefined) path.push(sibling);
    level = pairwise(others);
  }
  return path;
}

/** The root over a transaction id and its path: fold of sha256d(root || sibling), in header order. */
export function foldMerklePath(txidLe: Uint8Array, path: readonly Uint8Array[]): Uint8Array {
  return path.reduce((root, sibling) => sha256d(concatBytes(root, sibling)), txidLe);
}

/**
 * The merkle root over whole leaves (txids, or wtxids for the witness commitment), in header order.
 * @throws HashpoolError 'no-leaves' for an empty list
 */
export function merkleRoot(leavesLe: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = leavesLe;
  if (first === undefined) throw new HashpoolError('no-leaves', 'a merkle root needs one leaf or more');
  return foldMerklePath(first, merklePath(others));
}

/** The next level of nodes; an odd one out is paired with itself. */
function pairwise(level: readonly Uint8Array[]): Uint8Array[] {
  const next: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i];
    if (left !== undefined) next.push(sha256d(concatBytes(left, level[i + 1] ?? left)));
  }
  return next;
}
