import { fromHex, hexDigit, reversed } from '../bytes.ts';

const HEX_MASK = /^[0-9a-fA-F]{1,8}$/;
const HEX = /^[0-9a-fA-F]*$/;

/** An unsigned 32-bit number of exactly eight hex digits, most significant first, or undefined. */
export function parseHexU32(text: unknown): number | undefined {
  if (typeof text !== 'string' || text.length !== 8) return undefined;
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

/** A version mask of one to eight hex digits (BIP310; firmware drops leading zeros), or undefined. */
export function parseVersionMask(text: unknown): number | undefined {
  return typeof text === 'string' && HEX_MASK.test(text) ? Number.parseInt(text, 16) : undefined;
}

/** Bytes of a hex text of exactly `length` bytes; its length is looked at before anything else. */
export function parseHexBytes(text: unknown, length: number): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length !== 2 * length || !HEX.test(text)) return undefined;
  return fromHex(text);
}

/** Eight lower-case hex digits of an unsigned 32-bit number, most significant first. */
export function hexU32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/**
 * The block hash between header order and the order of `mining.notify`, either way: each of its eight 4-byte
 * words is turned around, the words stay where they are.
 * @param hash 32 bytes
 */
export function swapPrevHashWords(hash: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(hash.length);
  for (let word = 0; word < hash.length; word += 4) {
    swapped.set(reversed(hash.subarray(word, word + 4)), word);
  }
  return swapped;
}
