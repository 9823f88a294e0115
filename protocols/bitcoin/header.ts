import { HashpoolError } from '../errors.ts';
import { sha256d } from './hash.ts';

export const HEADER_LENGTH = 80;

/** A block header; hashes are 32 bytes in header (little-endian) order, the numbers unsigned 32-bit. */
export interface BlockHeader {
  readonly version: number;
  readonly prevHashLe: Uint8Array;
  readonly merkleRootLe: Uint8Array;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
}

/** The 80 bytes that are hashed: version 4, prev hash 32, merkle root 32, time 4, bits 4, nonce 4. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header.version, true);
  bytes.set(header.prevHashLe, 4);
  bytes.set(header.merkleRootLe, 36);
  view.setUint32(68, header.time, true);
  view.setUint32(72, header.bits, true);
  view.setUint32(76, header.nonce, true);
  return bytes;
}

/**
 * The fields of an 80-byte header.
 * @throws HashpoolError 'bad-header' for any other length
 */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  if (bytes.length !== HEADER_LENGTH) {
    throw new HashpoolError('bad-header', `a block header has 80 bytes, not ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH);
  return {
    version: view.getUint32(0, true),
    prevHashLe: bytes.slice(4, 36),
    merkleRootLe: bytes.slice(36, 68),
    time: view.getUint32(68, true),
    bits: view.getUint32(72, true),
    nonce: view.getUint32(76, true),
  };
}

/** The block's hash in header (little-endian) order; reversed it is what explorers and RPC show. */
export function headerHashLe(header: BlockHeader): Uint8Array {
  return sha256d(encodeHeader(header));
}
