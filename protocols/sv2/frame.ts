import { HashpoolError } from '../errors.ts';
import { readU16, readU24 } from './wire.ts';

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
 * @param at where its 6 bytes go
 * @throws HashpoolError `sv2-frame-too-large` when the length does not fit 24 bits
 */
export function writeFrameHeader(at: Uint8Array, header: FrameHeader): void {
  const { extension, channel, type, length } = header;
  if (length > MAX_PAYLOAD_BYTES) {
    throw new HashpoolError(
      'sv2-frame-too-large',
      `a payload of ${length} bytes does not fit a frame, at most ${MAX_PAYLOAD_BYTES} do`,
    );
  }
  at[0] = extension & 0xff;
  at[1] = (extension >>> 8) | (channel ? CHANNEL_BIT >>> 8 : 0);
  at[2] = type;
  at[3] = length & 0xff;
  at[4] = (length >>> 8) & 0xff;
  at[5] = length >>> 16;
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
  const extension = readU16(bytes, 0);
  return {
    extension: extension & ~CHANNEL_BIT,
    channel: (extension & CHANNEL_BIT) !== 0,
    type: bytes[2] ?? 0,
    length: readU24(bytes, 3),
  };
}
