import type { FieldType } from '../sv2/types.ts';
import { fault } from '../sv2/wire.ts';

const LOW = (1n << 64n) - 1n;
const MAX = (1n << 128n) - 1n;

/** Sums of ehash: 16 bytes, little-endian. */
export const U128: FieldType<bigint> = {
  spec: 'U128',
  write(out, value) {
    if (typeof value !== 'bigint' || value < 0n || value > MAX) {
      throw fault('out-of-range', `${value} is not a bigint from 0 to 2^128 - 1`);
    }
    out.u64(value & LOW);
    out.u64(value >> 64n);
  },
  read: (from) => from.u64() | (from.u64() << 64n),
};
