/** Work is counted in hashes. Of one share with target 2^(256-k) - 1 it is 2^k. */

/** Accepted shares of some window. */
export interface Work {
  /** Hashes that the shares prove. */
  readonly work: bigint;
  readonly shares: number;
  /** Sum of the squares of the shares' work, in (2^32 hashes)^2: what the error is made of. */
  readonly squares: number;
}

export const NO_WORK: Work = { work: 0n, shares: 0, squares: 0 };

/** One unit of {@link Work.squares} is the square of so many hashes. */
export const SQUARE_UNIT = 2 ** 32;

/** The work of `count` shares of exponent `k`, 0 to 255. */
export function workOfShares(k: number, count: number): Work {
  const units = 2 ** (k - 32);
  return { work: BigInt(count) << BigInt(k), shares: count, squares: count * units * units };
}

export function addWork(a: Work, b: Work): Work {
  return { work: a.work + b.work, shares: a.shares + b.shares, squares: a.squares + b.squares };
}

/** Hashes a second; both sides count so. @param seconds more than 0 */
export function hashesPerSecond(work: bigint, seconds: number): number {
  return Number(work) / seconds;
}

/**
 * The relative standard error of a rate that was computed from shares. Shares come at random, each kind as a Poisson
 * process, so that the variance of the sum is the sum of the squares: for n shares alike it is 1 / sqrt(n).
 * @returns undefined without a share
 */
export function relativeError({ work, shares, squares }: Work): number | undefined {
  if (shares === 0 || work === 0n) return undefined;
  return Math.sqrt(squares) / (Number(work) / SQUARE_UNIT);
}

/**
 * Hashes that a share stands for by its own hash, and not by its target: 2^256 / (hash + 1).
 * @param hashLe 32 bytes as SHA-256d puts them out
 */
export function luckOf(hashLe: Uint8Array): bigint {
  let value = 0n;
  for (let i = 31; i >= 0; i--) value = (value << 8n) | BigInt(hashLe[i] ?? 0);
  return (1n << 256n) / (value + 1n);
}

/** True where `a` is the smaller hash. Both 32 bytes as SHA-256d puts them out. */
export function isBetterHash(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
