import { HashpoolError } from '../errors.ts';
import { LOCKING_KEY_BYTES } from './extension.ts';

/**
 * A paid share as the outbox stores it and the work link carries it:
 *
 *     [ header 80 ][ k 1 ][ locking key 33 ]
 */
export const HEADER_BYTES = 80;
export const WORK_RECORD_BYTES = HEADER_BYTES + 1 + LOCKING_KEY_BYTES;

const KEY_OFFSET = HEADER_BYTES + 1;

/** One record taken apart; both arrays are views into the packed bytes. */
export interface WorkRecord {
  readonly header: Uint8Array;
  readonly k: number;
  readonly key: Uint8Array;
}

/** Writes one record into `target` at `offset`. */
export function packWorkRecord(
  target: Uint8Array,
  offset: number,
  header: Uint8Array,
  k: number,
  key: Uint8Array,
): void {
  target.set(header, offset);
  target[offset + HEADER_BYTES] = k;
  target.set(key, offset + KEY_OFFSET);
}

/**
 * The number of records in packed bytes.
 * @throws HashpoolError 'bad-work-records' where the length is no multiple of 114
 */
export function countWorkRecords(packed: Uint8Array): number {
  const count = packed.length / WORK_RECORD_BYTES;
  if (Number.isInteger(count)) return count;
  throw new HashpoolError(
    'bad-work-records',
    `records of work are ${WORK_RECORD_BYTES} bytes each; ${packed.length} bytes are no whole number of them`,
  );
}

/**
 * All records of packed bytes, in order, as views.
 * @throws HashpoolError 'bad-work-records' as {@link countWorkRecords}
 */
export function unpackWorkRecords(packed: Uint8Array): WorkRecord[] {
  return Array.from({ length: countWorkRecords(packed) }, (_, index) => {
    const record = packed.subarray(index * WORK_RECORD_BYTES, (index + 1) * WORK_RECORD_BYTES);
    return {
      header: record.subarray(0, HEADER_BYTES),
      k: record[HEADER_BYTES] ?? 0,
      key: record.subarray(KEY_OFFSET),
    };
  });
}
