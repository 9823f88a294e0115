import { HashpoolError } from '../errors.ts';

/** Bitcoin's variable-length integer ("CompactSize"), for counts and lengths below 2^32. */
export function encodeCompactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  if (value <= 0xffff) return Uint8Array.of(0xfd, value & 255, value >>> 8);
  return Uint8Array.of(0xfe, value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255);
}

/** Reads bitcoin structures off a byte array, front to back, refusing to read past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  offset = 0;

  /** @param what names the structure in errors */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /**
   * The next `length` bytes, without a copy.
   * @throws HashpoolError 'cut-short'
   */
  take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.#bytes.length) {
      throw new HashpoolError(
        'cut-short',
        `${this.#what} ends at byte ${this.#bytes.length}, before its fields do`,
      );
    }
    const part = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return part;
  }

  /** The next `length` bytes (up to 6) as an unsigned little-endian integer. */
  unsigned(length: number): number {
    return this.take(length).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  /**
   * A CompactSize below 2^32.
   * @throws HashpoolError 'bad-compact-size' for larger ones: nothing in a block counts that far
   */
  compactSize(): number {
    const first = this.unsigned(1);
    if (first < 0xfd) return first;
    if (first === 0xff)
      throw new HashpoolError('bad-compact-size', `${this.#what} holds a count of 2^32 or more`);
    return this.unsigned(first === 0xfd ? 2 : 4);
  }
}
