import { concatBytes } from '../../bytes.ts';
import { HashpoolError } from '../../errors.ts';
import { FRAME_HEADER_BYTES, type FrameHeader, readFrameHeader } from '../frame.ts';
import { type CipherState, MAC_BYTES } from './cipher-state.ts';

/** A Noise message has at most 65535 bytes, MAC included (section 4.6). */
export const MAX_CHUNK_BYTES = 65535 - MAC_BYTES;
const SEALED_HEADER_BYTES = FRAME_HEADER_BYTES + MAC_BYTES;
const NOTHING = new Uint8Array(0);

export interface Frame {
  readonly header: FrameHeader;
  /** Holds until the next frame of any link is opened: what is kept of it is copied. */
  readonly payload: Uint8Array;
}

/** Into what all links of a thread open their frames: an array of its own for each costs more than to decrypt a share. */
const opened = new Uint8Array(MAX_CHUNK_BYTES);

/** Bytes on the wire of a plain frame, header and payload, of so many. */
export function sealedLength(frameBytes: number): number {
  const payloadBytes = frameBytes - FRAME_HEADER_BYTES;
  return SEALED_HEADER_BYTES + payloadBytes + MAC_BYTES * Math.ceil(payloadBytes / MAX_CHUNK_BYTES);
}

/**
 * Encrypts a plain frame: its header by itself, then its payload in chunks; an empty payload has none.
 * @param frame header and payload
 * @param target takes what goes over the wire, from `at` on, where there is room for it
 * @returns where it ends
 */
export function sealFrame(cipher: CipherState, frame: Uint8Array, target: Uint8Array, at: number): number {
  cipher.encryptInto(target, at, frame, 0, FRAME_HEADER_BYTES);
  let place = at + SEALED_HEADER_BYTES;
  for (let start = FRAME_HEADER_BYTES; start < frame.length; start += MAX_CHUNK_BYTES) {
    const end = Math.min(frame.length, start + MAX_CHUNK_BYTES);
    cipher.encryptInto(target, place, frame, start, end);
    place += end - start + MAC_BYTES;
  }
  return place;
}

/**
 * Turns received bytes into frames, however the network cut them. A long payload is decrypted chunk by chunk as it
 * comes, so that no more memory is taken than the peer has filled.
 */
export class FrameOpener {
  readonly #cipher: CipherState;
  readonly #frameCap: number;
  #received: Uint8Array = NOTHING;
  #offset = 0;
  #header: FrameHeader | undefined;
  /** Bytes of its payload that are not there yet. */
  #missing = 0;
  /** Chunks of a payload that has several. */
  #chunks: Uint8Array[] = [];

  /** @param frameCap the longest payload allowed, in bytes of plaintext */
  constructor(cipher: CipherState, frameCap: number) {
    this.#cipher = cipher;
    this.#frameCap = frameCap;
  }

  /** Received bytes not yet turned into frames. Less than a chunk remains once `next` has returned undefined. */
  get buffered(): number {
    return this.#received.length - this.#offset;
  }

  push(bytes: Uint8Array): void {
    // A socket's Buffer as the plain array it is: views of it are cut many times faster.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#received = this.buffered === 0 ? plain : concatBytes(this.#received.subarray(this.#offset), plain);
    this.#offset = 0;
  }

  /**
   * The next whole frame.
   * @returns undefined until more bytes are pushed
   * @throws HashpoolError `sv2-bad-mac`, `sv2-frame-too-large`; the connection is lost then
   */
  next(): Frame | undefined {
    if (this.#header === undefined) {
      if (!this.#open(FRAME_HEADER_BYTES, 'header')) return undefined;
      this.#header = this.#checked(readFrameHeader(opened));
      this.#missing = this.#header.length;
    }
    const { length } = this.#header;
    while (this.#missing > 0) {
      const chunk = Math.min(this.#missing, MAX_CHUNK_BYTES);
      if (!this.#open(chunk, 'payload')) return undefined;
      if (chunk < length) this.#chunks.push(opened.slice(0, chunk));
      this.#missing -= chunk;
    }
    const payload = length > MAX_CHUNK_BYTES ? concatBytes(...this.#chunks) : opened.subarray(0, length);
    const frame = { header: this.#header, payload };
    this.#header = undefined;
    if (this.#chunks.length > 0) this.#chunks = [];
    return frame;
  }

  #checked(header: FrameHeader): FrameHeader {
    if (header.length <= this.#frameCap) return header;
    throw new HashpoolError(
      'sv2-frame-too-large',
      `the peer announced a payload of ${header.length} bytes, at most ${this.#frameCap} are taken here`,
    );
  }

  /** Decrypts the next so many bytes into `opened`. @returns false where they have not come yet */
  #open(bytes: number, part: string): boolean {
    const start = this.#offset;
    const end = start + bytes + MAC_BYTES;
    if (end > this.#received.length) return false;
    if (!this.#cipher.decryptInto(opened, this.#received, start, end)) {
      throw new HashpoolError('sv2-bad-mac', `a frame's ${part} does not decrypt: it was changed on the way`);
    }
    this.#offset = end;
    return true;
  }
}
