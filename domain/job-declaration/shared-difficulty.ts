import { MAX_TARGET_EXPONENT } from '../../protocols/ehash/amount.ts';

/** What one channel asks of the difficulty that all have in common. */
export interface DifficultyWish {
  /** Miners that share the channel. */
  readonly miners: number;
  /** The exponent at which each of them finds as many shares as are wanted. */
  readonly k: number;
  /** Whether shares have shown it; else it is what the client says, of a channel perhaps on which nobody mines. */
  readonly isProven: boolean;
  /** The smallest exponent that its client allows. */
  readonly clientFloor: number;
}

/** What is asked of the pool for all channels together. */
export interface SharedDifficulty {
  readonly exponent: number;
  readonly miners: number;
  /** Hashes per second of all. */
  readonly hashRate: number;
}

/** Powers of two by which the largest miner may find more shares than are wanted. */
const MAX_EASED = 3;

/**
 * One difficulty for all miners, since a pool pays each share of a job as that job's target. Of those whose shares have shown
 * how fast they are, or of the slowest by its word where there are none yet, the average finds as many shares as are wanted, the largest eight times as many at most, and none gets shares that its client does not allow, as
 * long as all of them together find enough.
 */
export function sharedDifficulty(
  wishes: readonly DifficultyWish[],
  sharesPerMinute: number,
): SharedDifficulty {
  const miners = wishes.reduce((sum, wish) => sum + wish.miners, 0);
  if (miners === 0) return { exponent: 0, miners: 1, hashRate: 0 };
  const proven = wishes.filter(({ isProven }) => isProven);
  const least = wishes.reduce((a, b) => (b.k < a.k ? b : a));
  const judged = proven.length > 0 ? proven : [least];
  const finding = judged.reduce((sum, wish) => sum + wish.miners, 0);
  const perShare = judged.reduce((sum, { miners: count, k }) => sum + count * 2 ** k, 0);
  const most = Math.floor(Math.log2(perShare));
  const wanted = Math.max(
    Math.floor(Math.log2(perShare / finding)),
    ...judged.map(({ k }) => k - MAX_EASED),
    ...wishes.map(({ clientFloor }) => clientFloor),
  );
  const exponent = Math.max(0, Math.min(MAX_TARGET_EXPONENT, most, wanted));
  return { exponent, miners, hashRate: (perShare * sharesPerMinute) / 60 };
}
