import { concatBytes } from '../bytes.ts';
import { ByteReader, encodeCompactSize } from './compact-size.ts';
import { type BlockHeader, encodeHeader, HEADER_LENGTH } from './header.ts';
import { decodeOutputs, type TransactionOutput } from './output.ts';

/**
 * A serialized block: header, count, transactions.
 * @param transactions each in full, with its witness; the coinbase comes first
 */
export function encodeBlock(header: BlockHeader, transactions: readonly Uint8Array[]): Uint8Array {
  return concatBytes(encodeHeader(header), encodeCompactSize(transactions.length), ...transactions);
}

/** What stands at the front of a block. */
export interface BlockStart {
  /** 80 bytes. */
  readonly header: Uint8Array;
  readonly coinbaseOutputs: readonly TransactionOutput[];
}

const VERSION_LENGTH = 4;
const OUTPOINT_LENGTH = 36;
const SEQUENCE_LENGTH = 4;

/**
 * Header and coinbase outputs of a serialized block; what follows them is left alone.
 * @param block with or without witnesses (BIP144)
 * @throws HashpoolError 'cut-short', 'bad-compact-size'
 */
export function blockStart(block: Uint8Array): BlockStart {
  const reader = new ByteReader(block, 'block');
  const header = reader.take(HEADER_LENGTH);
  reader.compactSize();
  reader.take(VERSION_LENGTH);
  // A transaction without inputs is none: the zero is the marker of one with witnesses, and a flag follows.
  if (reader.compactSize() === 0) reader.take(2);
  reader.take(OUTPOINT_LENGTH);
  reader.take(reader.compactSize());
  reader.take(SEQUENCE_LENGTH);
  const count = reader.compactSize();
  return { header, coinbaseOutputs: decodeOutputs(block.subarray(reader.offset), count) };
}
