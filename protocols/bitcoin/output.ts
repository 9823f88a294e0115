import { concatBytes } from '../bytes.ts';
import { ByteReader, encodeCompactSize } from './compact-size.ts';

/** A transaction output. */
export interface TransactionOutput {
  /** Satoshis. */
  readonly value: bigint;
  readonly script: Uint8Array;
}

/** Serialized outputs one after the other, without their count (as in TDP's `coinbase_tx_outputs`). */
export function encodeOutputs(outputs: readonly TransactionOutput[]): Uint8Array {
  return concatBytes(...outputs.map(encodeOutput));
}

/** Bytes of one output: value 8, script length, script. */
export function encodeOutput({ value, script }: TransactionOutput): Uint8Array {
  const amount = new Uint8Array(8);
  new DataView(amount.buffer).setBigUint64(0, value, true);
  return concatBytes(amount, encodeCompactSize(script.length), script);
}

/**
 * Reads `count` outputs from the front of `bytes`; what follows them is left alone.
 * @throws HashpoolError 'cut-short' where the bytes end first
 */
export function decodeOutputs(bytes: Uint8Array, count: number): TransactionOutput[] {
  const reader = new ByteReader(bytes, 'list of outputs');
  return Array.from({ length: count }, () => readOutput(reader));
}

/**
 * Reads outputs up to the end of `bytes`: what {@link encodeOutputs} wrote.
 * @throws HashpoolError 'cut-short' where the last one is not whole
 */
export function decodeAllOutputs(bytes: Uint8Array): TransactionOutput[] {
  const reader = new ByteReader(bytes, 'list of outputs');
  const outputs: TransactionOutput[] = [];
  while (reader.offset < bytes.length) outputs.push(readOutput(reader));
  return outputs;
}

function readOutput(reader: ByteReader): TransactionOutput {
  const amount = reader.take(8);
  const value = new DataView(amount.buffer, amount.byteOffset, 8).getBigUint64(0, true);
  return { value, script: reader.take(reader.compactSize()) };
}
