import { HashpoolError } from '../errors.ts';
import { parseHexBytes, parseHexU32, swapPrevHashWords } from './fields.ts';
import type { NotifyFields } from './messages.ts';

/** Deepest merkle path of a block: 2^24 transactions do not fit into one. */
const MAX_MERKLE_STEPS = 24;
/** Largest half of a coinbase that is read, in bytes. */
const MAX_COINBASE_HALF = 65_535;
/** Most bytes of extranonce on either side (a coinbase's script holds 100). */
const MAX_EXTRANONCE = 32;

/** What `mining.subscribe` is answered with, or `mining.set_extranonce` tells anew. */
export interface Extranonce {
  readonly extranonce1: Uint8Array;
  readonly extranonce2Size: number;
}

/**
 * `mining.notify` as a client reads it.
 * @throws HashpoolError 'bad-sv1-notify' naming the field
 */
export function parseNotify(params: unknown): NotifyFields {
  if (!Array.isArray(params) || params.length < 9) throw bad('nine parameters are needed');
  const [jobId, prevHash, prefix, suffix, path, version, nbits, ntime, cleanJobs] = params;
  if (typeof jobId !== 'string') throw bad('the job id must be a text');
  if (!Array.isArray(path) || path.length > MAX_MERKLE_STEPS)
    throw bad('the merkle path must be a short list');
  return {
    jobId,
    prevHashLe: swapPrevHashWords(bytes(prevHash, 32, 'the previous hash')),
    coinbasePrefix: anyBytes(prefix, 'the first half of the coinbase'),
    coinbaseSuffix: anyBytes(suffix, 'the second half of the coinbase'),
    merklePath: path.map((step) => bytes(step, 32, 'a merkle step')),
    version: u32(version, 'the version'),
    nbits: u32(nbits, 'nbits'),
    ntime: u32(ntime, 'ntime'),
    cleanJobs: cleanJobs === true,
  };
}

/**
 * The result of `mining.subscribe`: [subscriptions, extranonce1, size of extranonce2].
 * @throws HashpoolError 'bad-sv1-notify'
 */
export function parseSubscribeResult(result: unknown): Extranonce {
  if (!Array.isArray(result)) throw bad('the result of mining.subscribe must be a list');
  return parseExtranonce([result[1], result[2]]);
}

/** The parameters of `mining.set_extranonce`. */
export function parseExtranonce(params: unknown): Extranonce {
  if (!Array.isArray(params)) throw bad('extranonce1 and a size are needed');
  const size: unknown = params[1];
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > MAX_EXTRANONCE) {
    throw bad(`the size of extranonce2 must be 1 to ${MAX_EXTRANONCE}`);
  }
  const extranonce1 = anyBytes(params[0], 'extranonce1');
  if (extranonce1.length > MAX_EXTRANONCE) throw bad(`extranonce1 must be at most ${MAX_EXTRANONCE} bytes`);
  return { extranonce1, extranonce2Size: size };
}

/** The parameter of `mining.set_difficulty`. */
export function parseSetDifficulty(params: unknown): number {
  const value: unknown = Array.isArray(params) ? params[0] : undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
    throw bad('the difficulty must be positive');
  return value;
}

function anyBytes(text: unknown, label: string): Uint8Array {
  const length = typeof text === 'string' ? text.length / 2 : Number.NaN;
  if (!Number.isInteger(length) || length > MAX_COINBASE_HALF)
    throw bad(`${label} must be hex digits in pairs`);
  return bytes(text, length, label);
}

function bytes(text: unknown, length: number, label: string): Uint8Array {
  const parsed = parseHexBytes(text, length);
  if (parsed === undefined) throw bad(`${label} must be ${length} bytes of hex`);
  return parsed;
}

function u32(text: unknown, label: string): number {
  const parsed = parseHexU32(text);
  if (parsed === undefined) throw bad(`${label} must be eight hex digits`);
  return parsed;
}

function bad(words: string): HashpoolError {
  return new HashpoolError('bad-sv1-notify', `the pool's message is malformed: ${words}`);
}
