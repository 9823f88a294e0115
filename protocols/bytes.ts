import { HashpoolError } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex of `bytes`, in their order. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexPairs[byte];
  return text;
}

/**
 * Bytes of a hex text of even length, either case.
 * @param length expected number of bytes, where it is fixed
 * @throws HashpoolError 'bad-hex' naming `label`
 */
export function fromHex(text: string, label = 'value', length?: number): Uint8Array {
  const bytes = text.length % 2 === 0 ? bytesOfHex(text) : undefined;
  if (bytes === undefined) {
    throw new HashpoolError('bad-hex', `${label} must be hex digits in pairs, not ${quoted(text)}`);
  }
  if (length !== undefined && bytes.length !== length) {
    throw new HashpoolError('bad-hex', `${label} must be ${length} bytes of hex, not ${bytes.length}`);
  }
  return bytes;
}

/** Bytes of a text of even length; undefined where it is not hex throughout. */
function bytesOfHex(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = (hexDigit(text.charCodeAt(2 * i)) << 4) | hexDigit(text.charCodeAt(2 * i + 1));
    if (byte < 0) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/**
 * @param code of a character
 * @returns what it is worth as a hex digit of either case; -1 for any other
 */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** A value in quotes for an error message, cut to a readable length and free of control characters. */
export function quoted(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return JSON.stringify(cut);
}

/** True where both hold the same bytes. Not constant in time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The parts, one after the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** A copy in the opposite byte order: header order to display order, and back. */
export function reversed(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes).reverse();
}

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Text of UTF-8 bytes.
 * @throws HashpoolError 'bad-utf8' where the bytes are not UTF-8
 */
export function fromUtf8(bytes: Uint8Array, label = 'text'): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new HashpoolError('bad-utf8', `${label} is not UTF-8`, { cause });
  }
}

/** Four bytes, little-endian, of an unsigned 32-bit integer. */
export function u32Le(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255);
}

/** The unsigned 32-bit little-endian integer at `offset`. */
export function readU32Le(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}
