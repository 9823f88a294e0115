import { taggedHash } from '../crypto/tagged-hash.ts';
import { HashpoolError } from '../errors.ts';
import type { SumLeaf } from './sum-tree.ts';
import { KEYSET_ID_BYTES } from './work-link.ts';

/** What a mint counts of the tokens of a keyset: blinded messages that it signed, proofs that it took back. */
export const TOKEN_TREES = ['issued', 'spent'] as const;
export type TokenTree = (typeof TOKEN_TREES)[number];

const hashes = { issued: taggedHash('hashpool/issued/v1'), spent: taggedHash('hashpool/spent/v1') };

/**
 * The leaf of a blinded message that was signed, or of a proof that was spent. Who knows either may know that it is
 * counted: there is no salt.
 * @param keysetId 33 bytes
 * @param point B_ of what was signed, Y of what was spent: 33 bytes
 * @throws HashpoolError 'bad-length'
 */
export function tokenLeaf(tree: TokenTree, keysetId: Uint8Array, point: Uint8Array, amount: bigint): SumLeaf {
  if (keysetId.length !== KEYSET_ID_BYTES || point.length !== 33) {
    throw new HashpoolError(
      'bad-length',
      `a keyset's id has ${keysetId.length} bytes, a point ${point.length}; 33 each are wanted`,
    );
  }
  return { commitment: hashes[tree](keysetId, point), amount };
}
