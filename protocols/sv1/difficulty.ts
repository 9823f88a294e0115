import { exponentAtMost, powerTarget } from '../bitcoin/target.ts';

/** Target of Stratum V1's difficulty 1: 0xffff shifted left by 208 bits. */
export const DIFFICULTY_ONE_TARGET = 0xffffn << 208n;

/** The exponent k at which difficulty is 1: one share proves about 2^32 hashes. */
export const DIFFICULTY_ONE_BITS = 32;

/** Largest exponent a suggested difficulty is read as: far above any miner there is. */
export const MAX_DIFFICULTY_BITS = 96;

/**
 * The difficulty 2^(k-32) as JSON text: an integer from k = 32 on, its exact decimal fraction below. Its target
 * is harder than 2^(256-k) - 1 by a 65,536th, so that every share that meets it counts.
 * @param k exponent of the hashes a share proves, 0 or more
 */
export function powerDifficulty(k: number): string {
  if (k >= DIFFICULTY_ONE_BITS) return (1n << BigInt(k - DIFFICULTY_ONE_BITS)).toString();
  return (2 ** (k - DIFFICULTY_ONE_BITS)).toFixed(DIFFICULTY_ONE_BITS - k);
}

/**
 * The difficulty to send for a pool's target, never easier than it: exact for targets 2^(256-k) - 1; for others
 * the next harder integer, or, below 1, the next harder power of two.
 * @param target as a number, 1 or more
 */
export function difficultyOfTarget(target: bigint): string {
  const bits = exponentAtMost(target);
  const isPower = target === powerTarget(bits);
  if (isPower || target >= DIFFICULTY_ONE_TARGET) return powerDifficulty(bits);
  return ((DIFFICULTY_ONE_TARGET + target - 1n) / target).toString();
}

/**
 * The exponent of a difficulty somebody asks for, rounded to the easier power of two.
 * @returns undefined where it is no positive number
 */
export function hashBitsOfDifficulty(difficulty: number): number | undefined {
  if (!Number.isFinite(difficulty) || difficulty <= 0) return undefined;
  const bits = DIFFICULTY_ONE_BITS + Math.floor(Math.log2(difficulty));
  return Math.min(Math.max(bits, 0), MAX_DIFFICULTY_BITS);
}

/**
 * The target a miner derives from a difficulty: floor(0xffff·2^208 / difficulty), capped at 2^256 - 1.
 * @param difficulty positive; any number that JSON can carry, taken at its exact binary value
 */
export function targetOfDifficulty(difficulty: number): bigint {
  let scaled = difficulty;
  let shift = 0n;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift++;
  }
  const target = (DIFFICULTY_ONE_TARGET << shift) / BigInt(scaled);
  const largest = (1n << 256n) - 1n;
  return target > largest ? largest : target;
}
