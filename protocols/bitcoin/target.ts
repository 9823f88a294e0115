import { HashpoolError } from '../errors.ts';

const HASH_BITS = 256;
const LARGEST = (1n << 256n) - 1n;
/** Difficulty 1 of SV1 and of block explorers, from compact bits 0x1d00ffff. */
const DIFFICULTY_ONE = 0xffffn << 208n;

/**
 * The target that a header's compact bits stand for.
 * @param bits unsigned 32-bit, as in the header
 * @throws HashpoolError 'bad-compact-target' where the value is negative, zero or above 256 bits
 */
export function compactToTarget(bits: number): bigint {
  const target = readCompact(bits);
  if (target !== undefined) return target;
  throw new HashpoolError('bad-compact-target', `compact bits 0x${bits.toString(16)} stand for no target`);
}

/** Whether a hash, 32 bytes in header order, is at most the target that compact bits stand for; never where they stand for none. */
export function meetsCompact(hashLe: Uint8Array, bits: number): boolean {
  return leBytesToTarget(hashLe) <= (readCompact(bits) ?? -1n);
}

function readCompact(bits: number): bigint | undefined {
  const exponent = bits >>> 24;
  const mantissa = bits & 0x7fffff;
  const isNegative = (bits & 0x800000) !== 0;
  const target =
    exponent <= 3
      ? BigInt(mantissa) >> BigInt(8 * (3 - exponent))
      : BigInt(mantissa) << BigInt(8 * (exponent - 3));
  return isNegative || target === 0n || target > LARGEST ? undefined : target;
}

/**
 * The compact bits of a target, rounded down to what 24 bits of mantissa hold, as Bitcoin rounds it.
 * @throws HashpoolError 'bad-target' where the target is zero or above 256 bits
 */
export function targetToCompact(target: bigint): number {
  assertTarget(target);
  let exponent = Math.ceil(target.toString(2).length / 8);
  let mantissa = exponent <= 3 ? target << BigInt(8 * (3 - exponent)) : target >> BigInt(8 * (exponent - 3));
  // The mantissa's top bit is a sign: a number that would set it moves one byte up.
  if ((mantissa & 0x800000n) !== 0n) {
    mantissa >>= 8n;
    exponent++;
  }
  return ((exponent << 24) | Number(mantissa)) >>> 0;
}

/**
 * 2^(256-k) - 1: what a hash with k leading zero bits or more meets; meeting it proves 2^k hashes.
 * @param k integer from 0 to 255
 * @throws HashpoolError 'bad-target-exponent'
 */
export function powerTarget(k: number): bigint {
  assertExponent(k);
  return (1n << BigInt(HASH_BITS - k)) - 1n;
}

/**
 * The smallest k whose power target is not above `target`: the easiest power of two that is at least as hard.
 * @throws HashpoolError 'bad-target' where the target is zero or above 256 bits
 */
export function exponentAtMost(target: bigint): number {
  assertTarget(target);
  return HASH_BITS + 1 - (target + 1n).toString(2).length;
}

/** Leading zero bits of a 32-byte hash in header (little-endian) order, 256 for the hash zero. */
export function leadingZeroBits(hashLe: Uint8Array): number {
  for (let i = hashLe.length - 1; i >= 0; i--) {
    const byte = hashLe[i] ?? 0;
    if (byte !== 0) return 8 * (hashLe.length - 1 - i) + Math.clz32(byte) - 24;
  }
  return 8 * hashLe.length;
}

/** True where a hash in header order is at most 2^(256-k) - 1. */
export function meetsPower(hashLe: Uint8Array, k: number): boolean {
  return leadingZeroBits(hashLe) >= k;
}

/** True where the hash is at most the target, both 32 bytes in little-endian order. */
export function meetsTargetLe(hashLe: Uint8Array, targetLe: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (hashLe[i] ?? 0) - (targetLe[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/** A target as the 32 little-endian bytes of an SV2 message. */
export function targetToLeBytes(target: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  let rest = target;
  for (let i = 0; i < 32; i++) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** The number that little-endian bytes stand for. */
export function leBytesToTarget(bytesLe: Uint8Array): bigint {
  let target = 0n;
  for (let i = bytesLe.length - 1; i >= 0; i--) target = (target << 8n) | BigInt(bytesLe[i] ?? 0);
  return target;
}

/** A difficulty as a fraction in lowest terms; `mining.set_difficulty` is told numerator / denominator. */
export interface Difficulty {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * The SV1 difficulty to advertise for shares that must prove 2^k hashes: exactly 2^(k-32), an integer from k = 32 on.
 * Its target, 0xffff * 2^(240-k), is harder than 2^(256-k) by a 65,536th, so that whatever meets it meets k too.
 * @throws HashpoolError 'bad-target-exponent'
 */
export function sv1Difficulty(k: number): Difficulty {
  assertExponent(k);
  return lowest(1n << BigInt(k), 1n << 32n);
}

/** Difficulty of a target in SV1's and explorers' sense, 0xffff * 2^208 / target, exactly. */
export function targetToDifficulty(target: bigint): Difficulty {
  return lowest(DIFFICULTY_ONE, target);
}

/** The target of a difficulty, rounded down to an integer and to 256 bits. */
export function difficultyToTarget(difficulty: Difficulty): bigint {
  const target = (DIFFICULTY_ONE * difficulty.denominator) / difficulty.numerator;
  return target > LARGEST ? LARGEST : target;
}

function lowest(numerator: bigint, denominator: bigint): Difficulty {
  let [a, b] = [numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

function assertExponent(k: number): void {
  if (!Number.isInteger(k) || k < 0 || k >= HASH_BITS) {
    throw new HashpoolError(
      'bad-target-exponent',
      `a target's exponent must be an integer from 0 to 255, not ${k}`,
    );
  }
}

function assertTarget(target: bigint): void {
  if (target <= 0n || target > LARGEST) {
    throw new HashpoolError('bad-target', 'a target must be from 1 to 2^256 - 1');
  }
}
