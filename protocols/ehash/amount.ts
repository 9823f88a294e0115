import { leadingZeroBits } from '../bitcoin/target.ts';
import { HashpoolError } from '../errors.ts';

/** `target`: a share is worth the work its job's target proves; `hash`: what its own hash happens to show. */
export type EhashPolicy = 'target' | 'hash';

/** The largest exponent of an amount: a sum of a few shares still fits 64 bits, and no keyset goes beyond. */
export const MAX_AMOUNT_EXPONENT = 62;

/** The largest exponent a job's target can have: no hash has more leading zero bits. */
export const MAX_TARGET_EXPONENT = 255;

/**
 * The power of two that a share is worth, or undefined where it is below the minimum and worth nothing.
 * One ehash is 2^`minimumDifficulty` hashes; policy `target` pays 2^(k - minimum), policy `hash`
 * 2^(leading zero bits - minimum), both at most 2^62.
 * @param k exponent of the job's target 2^(256-k) - 1
 * @param hashLe the share's header hash as SHA-256d puts it out
 * @throws HashpoolError 'bad-difficulty' where an exponent is no integer of 0 to 255
 */
export function ehashExponent(
  policy: EhashPolicy,
  minimumDifficulty: number,
  k: number,
  hashLe: Uint8Array,
): number | undefined {
  checkExponent('minimum_difficulty', minimumDifficulty);
  checkExponent('k', k);
  const proven = policy === 'target' ? k : leadingZeroBits(hashLe);
  if (proven < minimumDifficulty) return undefined;
  return Math.min(proven - minimumDifficulty, MAX_AMOUNT_EXPONENT);
}

/** The amount of a share in ehash: two to the {@link ehashExponent}, or zero below the minimum. */
export function ehashAmount(
  policy: EhashPolicy,
  minimumDifficulty: number,
  k: number,
  hashLe: Uint8Array,
): bigint {
  const exponent = ehashExponent(policy, minimumDifficulty, k, hashLe);
  return exponent === undefined ? 0n : 1n << BigInt(exponent);
}

function checkExponent(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_TARGET_EXPONENT) return;
  throw new HashpoolError(
    'bad-difficulty',
    `${name} must be an integer of 0 to ${MAX_TARGET_EXPONENT}, not ${value}`,
  );
}
