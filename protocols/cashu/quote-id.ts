import { fromHex, toHex } from '../bytes.ts';

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Random bytes that one id takes; 74 bits of them are used. */
export const QUOTE_ID_RANDOM_BYTES = 10;

/**
 * A UUID version 7 (RFC 9562, 5.7): 48 bits of time, then 74 random bits.
 * @param milliseconds since 1970
 * @param random 10 bytes from a cryptographic generator (NUT-04)
 * @returns 16 bytes; ids of later milliseconds compare greater
 */
export function newQuoteId(milliseconds: number, random: Uint8Array): Uint8Array {
  const id = new Uint8Array(16);
  const view = new DataView(id.buffer);
  view.setUint16(0, Math.floor(milliseconds / 2 ** 32));
  view.setUint32(2, milliseconds % 2 ** 32);
  id.set(random.subarray(0, QUOTE_ID_RANDOM_BYTES), 6);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x70);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  return id;
}

/** When an id was made, in milliseconds since 1970. */
export function quoteIdTime(id: Uint8Array): number {
  const view = new DataView(id.buffer, id.byteOffset, id.length);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}

/** The id in the form that wallets see: 8-4-4-4-12 lower-case hex digits. */
export function quoteIdText(id: Uint8Array): string {
  const hex = toHex(id);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The 16 bytes of an id in text form, or undefined where it has another form. */
export function parseQuoteId(text: string): Uint8Array | undefined {
  return pattern.test(text) ? fromHex(text.replaceAll('-', '')) : undefined;
}
