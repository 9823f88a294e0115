import { HashpoolError } from '../errors.ts';
import { copyOf, readU16, Writer } from './wire.ts';

/** A field that an extension appends to another protocol's message (section 3.4.3). */
export interface Tlv {
  readonly extension: number;
  readonly field: number;
  readonly value: Uint8Array;
}

const TLV_HEADER_BYTES = 5;
const MAX_VALUE_BYTES = 0xffff;
/** More fields than this on one message is an attack, not an extension. */
export const MAX_TLVS = 16;

/**
 * Writes TLVs as extension U16, field U8, length U16, value; little-endian like all else on the wire and like SRI (the
 * specification's own examples are big-endian).
 * @throws HashpoolError `sv2-bad-tlv` for a value over 65535 bytes
 */
export function writeTlvs(out: Writer, tlvs: readonly Tlv[]): void {
  for (const { extension, field, value } of tlvs) {
    if (value.length > MAX_VALUE_BYTES) {
      throw new HashpoolError(
        'sv2-bad-tlv',
        `TLV 0x${extension.toString(16)}/${field}: ${value.length} bytes, at most ${MAX_VALUE_BYTES} fit`,
      );
    }
    out.u16(extension);
    out.u8(field);
    out.u16(value.length);
    out.bytes(value);
  }
}

const writer = new Writer();

/** The bytes of TLVs, by the rules of writeTlvs, in an array of their own: they may be kept without a writer's slab. */
export function encodeTlvs(tlvs: readonly Tlv[]): Uint8Array {
  writer.start(0);
  writeTlvs(writer, tlvs);
  return writer.finish().slice();
}

/**
 * Reads the TLVs after a message's last field. One decision is made for the whole message: little-endian if it parses
 * to the last byte that way and names a negotiated extension, else big-endian on the same terms.
 * @param trailing what the message's own fields left over
 * @param negotiated extension types agreed on this connection; TLVs of others are left out
 * @returns the TLVs in wire order, values copied
 * @throws HashpoolError `sv2-bad-tlv` when the bytes are TLVs in neither byte order
 */
export function decodeTlvs(trailing: Uint8Array, negotiated: ReadonlySet<number>): Tlv[] {
  if (trailing.length === 0 || negotiated.size === 0) return [];
  const known = (tlv: Tlv) => negotiated.has(tlv.extension);
  const littleEndian = walk(trailing, true);
  if (littleEndian?.some(known)) return littleEndian.filter(known);
  const bigEndian = walk(trailing, false);
  if (bigEndian?.some(known)) return bigEndian.filter(known);
  if (littleEndian === undefined && bigEndian === undefined) {
    throw new HashpoolError(
      'sv2-bad-tlv',
      `${trailing.length} bytes after the message are no TLVs (extension U16, field U8, length U16, value)`,
    );
  }
  return [];
}

function walk(trailing: Uint8Array, littleEndian: boolean): Tlv[] | undefined {
  const u16 = (at: number) => {
    const value = readU16(trailing, at);
    return littleEndian ? value : (value >>> 8) | ((value & 0xff) << 8);
  };
  const tlvs: Tlv[] = [];
  let offset = 0;
  while (offset < trailing.length) {
    if (tlvs.length === MAX_TLVS || offset + TLV_HEADER_BYTES > trailing.length) return undefined;
    const start = offset + TLV_HEADER_BYTES;
    const end = start + u16(offset + 3);
    if (end > trailing.length) return undefined;
    tlvs.push({
      extension: u16(offset),
      field: trailing[offset + 2] ?? 0,
      value: copyOf(trailing, start, end),
    });
    offset = end;
  }
  return tlvs;
}
