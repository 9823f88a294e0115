import { concatBytes } from '../bytes.ts';
import { encodeCompactSize } from './compact-size.ts';
import { type BlockHeader, encodeHeader } from './header.ts';

/**
 * A serialized block: header, count, transactions.
 * @param transactions each in full, with its witness; the coinbase comes first
 */
export function encodeBlock(header: BlockHeader, transactions: readonly Uint8Array[]): Uint8Array {
  return concatBytes(encodeHeader(header), encodeCompactSize(transactions.length), ...transactions);
}
