import { HashpoolError } from '../errors.ts';

/** extension_type U16 (bit 15: channel message) | msg_type U8 | msg_length U24, all little-endian (section 3.2). */
export const FRAME_HEADER_BYTES = 6;
export const MAX_PAYLOAD_BYTES = 0xffffff;
const CHANNEL_BIT = 0x8000;

export interface FrameHeader {
  /** Without the channel bit. */
  readonly extension: number;
  readonly channel: boolean;
  readonly type: number;
  /** Bytes of plaintext payload. */
  readonly length: number;
}

/**
 * Writes a frame header.
 * @param at where the 6 bytes go
 * @throws HashpoolError `sv2-frame-too-large` when the length does not fit 24 bits
 */
export function writeFrameHeader(at: DataView, header: FrameHeader): void {
  if (header.length > MAX_PAYLOAD_BYTES) {
    throw new HashpoolError(
      'sv2-frame-too-large',
      `a payload of ${header.length} bytes does not fit a frame, at most ${MAX_PAYLOAD_BYTES} do`,
    );
  }
  at.setUint16(0, header.channel ? header.extension | CHANNEL_BIT : header.extension, true);
  at.setUint8(2, header.type);
  at.setUint16(3, header.length & 0xffff, true);
  at.setUint8(5, header.length >>> 16);
}

/**
 * Reads a frame header. The channel bit is reported and never judged: peers of different age set it differently.
 * @param bytes at least 6 bytes
 * @throws HashpoolError `sv2-truncated`
 */
export function readFrameHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length < FRAME_HEADER_BYTES) {
    throw new HashpoolError(
      'sv2-truncated',
      `frame header: ${bytes.length} bytes, ${FRAME_HEADER_BYTES} wanted`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extension = view.getUint16(0, true);
  return {
    extension: extension & ~CHANNEL_BIT,
    channel: (extension & CHANNEL_BIT) !== 0,
    type: view.getUint8(2),
    length: view.getUint16(3, true) | (view.getUint8(5) << 16),
  };
}
