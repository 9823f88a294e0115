import { concatBytes } from '../bytes.ts';
import { ByteReader, encodeCompactSize } from './compact-size.ts';
import { sha256d } from './hash.ts';
import { type BlockHeader, encodeHeader, HEADER_LENGTH } from './header.ts';
import { decodeOutputs, encodeOutputs, type TransactionOutput } from './output.ts';

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
  /** 32 bytes, as hashed. */
  readonly coinbaseTxidLe: Uint8Array;
}

const VERSION_LENGTH = 4;
const OUTPOINT_LENGTH = 36;
const SEQUENCE_LENGTH = 4;
const LOCKTIME_LENGTH = 4;

/**
 * Header and coinbase outputs of a serialized block; what follows them is left alone.
 * @param block with or without witnesses (BIP144)
 * @throws HashpoolError 'cut-short', 'bad-compact-size'
 */
export function blockStart(block: Uint8Array): BlockStart {
  const reader = new ByteReader(block, 'block');
  const header = reader.take(HEADER_LENGTH);
  reader.compactSize();
  const version = reader.take(VERSION_LENGTH);
  let start = reader.offset;
  // A transaction without inputs is none: the zero is the marker of one with witnesses, and a flag follows.
  const hasWitness = reader.compactSize() === 0;
  if (hasWitness) start = reader.offset + 1;
  if (hasWitness) reader.take(2);
  reader.take(OUTPOINT_LENGTH);
  reader.take(reader.compactSize());
  reader.take(SEQUENCE_LENGTH);
  const count = reader.compactSize();
  const coinbaseOutputs = decodeOutputs(block.subarray(reader.offset), count);
  reader.take(encodeOutputs(coinbaseOutputs).length);
  const body = block.subarray(start, reader.offset);
  if (hasWitness)
    for (let items = reader.compactSize(); items > 0; items--) reader.take(reader.compactSize());
  const coinbaseTxidLe = sha256d(concatBytes(version, body, reader.take(LOCKTIME_LENGTH)));
  return { header, coinbaseOutputs, coinbaseTxidLe };
}
