import {
  difficultyToTarget,
  exponentAtMost,
  powerTarget,
  sv1Difficulty,
  targetToDifficulty,
} from '../bitcoin/target.ts';

/** The exponent at which difficulty is 1: one share proves about 2^32 hashes. */
export const DIFFICULTY_ONE_BITS = 32;

/** Largest exponent a suggested difficulty is read as: far above any miner there is, and payable everywhere. */
export const MAX_DIFFICULTY_BITS = 62;

const TARGET_BITS = 256;

/**
 * The difficulty 2^(k-32) as JSON text: an integer from k = 32 on, its exact decimal fraction below. Its target
 * is harder than 2^(256-k) - 1 by a 65,536th, so that every share that meets it counts.
 * @param k exponent of the hashes a share proves, 0 to 255
 * @throws HashpoolError 'bad-target-exponent'
 */
export function powerDifficulty(k: number): string {
  const { numerator, denominator } = sv1Difficulty(k);
  if (denominator === 1n) return numerator.toString();
  // 1 / 2^n has n decimals, and a double holds it exactly.
  return (1 / Number(denominator)).toFixed(DIFFICULTY_ONE_BITS - k);
}

/**
 * The difficulty to send for a pool's target, never easier than it: exact for targets 2^(256-k) - 1; for others
 * the next harder integer, or, below 1, the next harder power of two.
 * @param target as a number, 1 to 2^256 - 1
 * @throws HashpoolError 'bad-target'
 */
export function difficultyOfTarget(target: bigint): string {
  const bits = exponentAtMost(target);
  const { numerator, denominator } = targetToDifficulty(target);
  if (target === powerTarget(bits) || numerator <= denominator) return powerDifficulty(bits);
  return ((numerator + denominator - 1n) / denominator).toString();
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

/** The exponent of a target somebody asks for, rounded to the easier power of two. @param target 1 to 2^256 - 1 */
export function hashBitsOfTarget(target: bigint): number {
  return Math.min(TARGET_BITS - target.toString(2).length, MAX_DIFFICULTY_BITS);
}

/**
 * The exponent for a difficulty that somebody needs at least, rounded to the harder power of two.
 * @param difficulty positive
 * @returns undefined where it is beyond what can be paid
 */
export function hashBitsAtLeast(difficulty: number): number | undefined {
  const bits = Math.max(DIFFICULTY_ONE_BITS + Math.ceil(Math.log2(difficulty)), 0);
  return bits <= MAX_DIFFICULTY_BITS ? bits : undefined;
}

/**
 * The target that a miner derives from a difficulty, at most 2^256 - 1.
 * @param difficulty positive; any number that JSON can carry, taken at its exact binary value
 */
export function targetOfDifficulty(difficulty: number): bigint {
  let numerator = difficulty;
  let denominator = 1n;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    denominator *= 2n;
  }
  return difficultyToTarget({ numerator: BigInt(numerator), denominator });
}
