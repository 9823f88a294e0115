import { concatBytes } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { ByteReader } from './compact-size.ts';
import { sha256d } from './hash.ts';

/** Ids of a transaction, 32 bytes each in header order: without and with its witness (BIP141). */
export interface TransactionIds {
  readonly txidLe: Uint8Array;
  readonly wtxidLe: Uint8Array;
}

const VERSION_LENGTH = 4;
const OUTPOINT_LENGTH = 36;
const SEQUENCE_LENGTH = 4;
const VALUE_LENGTH = 8;
const LOCKTIME_LENGTH = 4;

/**
 * Ids of a serialized transaction, with witnesses or without (BIP144).
 * @throws HashpoolError 'bad-transaction' where the bytes are none, or more than one
 */
export function transactionIds(bytes: Uint8Array): TransactionIds {
  const stripped = strippedTransaction(bytes);
  const wtxidLe = sha256d(bytes);
  return { txidLe: stripped === bytes ? wtxidLe : sha256d(stripped), wtxidLe };
}

/**
 * A transaction without its witnesses: the bytes themselves where it has none.
 * @throws HashpoolError 'bad-transaction'
 */
export function strippedTransaction(bytes: Uint8Array): Uint8Array {
  try {
    return readTransaction(bytes);
  } catch (cause) {
    throw new HashpoolError('bad-transaction', `no transaction in ${bytes.length} bytes`, { cause });
  }
}

function readTransaction(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, 'transaction');
  reader.take(VERSION_LENGTH);
  const isSegwit = bytes[VERSION_LENGTH] === 0;
  if (isSegwit && reader.unsigned(2) !== 0x0100)
    throw new HashpoolError('bad-transaction', 'its segwit flag is not 1');
  const bodyAt = reader.offset;
  const inputs = reader.compactSize();
  for (let i = 0; i < inputs; i++) {
    reader.take(OUTPOINT_LENGTH);
    reader.take(reader.compactSize());
    reader.take(SEQUENCE_LENGTH);
  }
  const outputs = reader.compactSize();
  for (let i = 0; i < outputs; i++) {
    reader.take(VALUE_LENGTH);
    reader.take(reader.compactSize());
  }
  const body = bytes.subarray(bodyAt, reader.offset);
  if (isSegwit) for (let i = 0; i < inputs; i++) skipWitness(reader);
  const locktime = reader.take(LOCKTIME_LENGTH);
  if (reader.offset !== bytes.length)
    throw new HashpoolError('bad-transaction', `${bytes.length - reader.offset} bytes follow it`);
  return isSegwit ? concatBytes(bytes.subarray(0, VERSION_LENGTH), body, locktime) : bytes;
}

function skipWitness(reader: ByteReader): void {
  const items = reader.compactSize();
  for (let i = 0; i < items; i++) reader.take(reader.compactSize());
}
