import type { Price } from './price.ts';

/** What an epoch that has its price paid for its hashes. */
export interface PaidEpoch extends Pick<Price, 'payableSats' | 'work'> {
  /** One ehash of it is 2^minimumDifficulty hashes. */
  readonly minimumDifficulty: number;
}

/** What ehash without a price may be worth, in sats. */
export interface Estimate {
  /** By the mean of past epochs, weighted by their work. */
  readonly sats: bigint;
  /** By the worst and the best of them: how much luck there is in an epoch. */
  readonly low: bigint;
  readonly high: bigint;
  /** How many epochs it is made of. */
  readonly epochs: number;
}

/**
 * What ehash of an epoch that is open may bring, by what the pool's epochs of before have paid for a hash. An epoch's length
 * is chance, so that one alone may bring several times more or less.
 * @returns undefined where no epoch of before has paid anything
 */
export function estimateOf(
  ehash: bigint,
  minimumDifficulty: number,
  past: readonly PaidEpoch[],
): Estimate | undefined {
  const hashes = ehash << BigInt(minimumDifficulty);
  const paid = past
    .filter(({ work }) => work > 0n)
    .map((epoch) => ({ sats: epoch.payableSats, hashes: epoch.work << BigInt(epoch.minimumDifficulty) }));
  if (paid.length === 0) return undefined;
  const worths = paid.map((epoch) => (epoch.sats * hashes) / epoch.hashes).sort((a, b) => Number(a - b));
  const [low = 0n, high = low] = [worths[0], worths.at(-1)];
  const all = paid.reduce((sum, epoch) => ({
    sats: sum.sats + epoch.sats,
    hashes: sum.hashes + epoch.hashes,
  }));
  return { sats: (all.sats * hashes) / all.hashes, low, high, epochs: paid.length };
}
