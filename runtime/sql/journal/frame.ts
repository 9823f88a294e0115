import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Call } from '../../workers/channel.ts';

/** "HPJ1", little-endian: the first bytes of every frame. */
const MAGIC = 0x314a5048;
/** Magic, length of what follows the sum, and the sum: CRC-32 of the length and of what follows. */
const HEAD = 12;
/** Sequence number, time, and the chain before it. */
const FIXED = 48;
/** A longer one is damage to whoever reads it, and so never written. */
export const MAX_FRAME = 1 << 28;

/** The writes of one transaction. */
export interface Frame {
  /** Counts the transactions of a database that were noted. */
  readonly seq: bigint;
  /** Milliseconds since 1970, by the clock of its process; higher in each later one of that process. */
  readonly time: number;
  /** Of a server: see `Database.turn`. Undefined for a file, and for frames of older programs. */
  readonly turn: bigint | undefined;
  /** The chain at the transaction before it, 32 bytes. */
  readonly previous: Uint8Array;
  /** SHA-256 over all of the frame, and by `previous` over all before it. */
  readonly chain: Uint8Array;
  /** The number of the schema's migrations when it was written. */
  readonly version: number;
  readonly calls: readonly Call[];
}

/** Bytes and chain of a frame. @throws HashpoolError 'journal-unwritable' where it would be too long to be read */
export function encodeFrame(frame: Omit<Frame, 'chain'>): { bytes: Buffer; chain: Uint8Array } {
  const payload = serialize({ version: frame.version, calls: frame.calls, turn: frame.turn });
  if (FIXED + payload.length > MAX_FRAME)
    throw new HashpoolError(
      'journal-unwritable',
      `a transaction of ${payload.length} bytes is too long for the journal, so that nothing is changed: ask for less at once`,
    );
  const bytes = Buffer.alloc(HEAD + FIXED + payload.length);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(FIXED + payload.length, 4);
  bytes.writeBigUInt64LE(frame.seq, HEAD);
  bytes.writeBigUInt64LE(BigInt(frame.time), HEAD + 8);
  bytes.set(frame.previous, HEAD + 16);
  bytes.set(payload, HEAD + FIXED);
  bytes.writeUInt32LE(sumOf(bytes), 8);
  return { bytes, chain: chainOf(bytes) };
}

/**
 * The frame at the start of `bytes`, and its length.
 * @returns undefined where there is no whole one
 */
export function decodeFrame(bytes: Buffer): { frame: Frame; length: number } | undefined {
  const length = frameLength(bytes);
  if (length === undefined || length > bytes.length) return undefined;
  const whole = bytes.subarray(0, length);
  if (whole.readUInt32LE(8) !== sumOf(whole)) return undefined;
  const { version, calls, turn } = payloadOf(whole.subarray(HEAD + FIXED));
  const frame = {
    seq: whole.readBigUInt64LE(HEAD),
    time: Number(whole.readBigUInt64LE(HEAD + 8)),
    previous: Uint8Array.from(whole.subarray(HEAD + 16, HEAD + FIXED)),
    chain: chainOf(whole),
    turn,
    version,
    calls,
  };
  return { frame, length };
}

/** How long the frame is that begins here, by its head; undefined where none does. */
export function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEAD || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const length = bytes.readUInt32LE(4);
  return length >= FIXED && length <= MAX_FRAME ? HEAD + length : undefined;
}

/** Where a frame may begin in `bytes`, from `from` on; -1 for nowhere. */
export function findFrame(bytes: Buffer, from: number): number {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC);
  return bytes.indexOf(magic, from);
}

function sumOf(bytes: Buffer): number {
  return crc32(bytes.subarray(HEAD), crc32(bytes.subarray(4, 8)));
}

function chainOf(bytes: Buffer): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes.subarray(HEAD)).digest());
}

function payloadOf(bytes: Buffer): Pick<Frame, 'version' | 'calls' | 'turn'> {
  const payload: unknown = deserialize(bytes);
  if (typeof payload === 'object' && payload !== null && 'version' in payload && 'calls' in payload) {
    const { version, calls } = payload;
    const turn = 'turn' in payload && typeof payload.turn === 'bigint' ? payload.turn : undefined;
    if (typeof version === 'number' && Array.isArray(calls)) return { version, calls, turn };
  }
  throw new HashpoolError(
    'journal-damaged',
    'a frame of the journal is whole and holds no calls; restore it from its copy',
  );
}
