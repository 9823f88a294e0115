import { MAX_TARGET_EXPONENT } from '../../protocols/ehash/amount.ts';

/** What one channel asks of the difficulty that all have in common. */
export interface DifficultyWish {
  /** Miners that share the channel. */
  readonly miners: number;
  /** The exponent at which each of them finds as many shares as are wanted. */
  readonly k: number;
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
 * One difficulty for all miners, since a pool pays each share of a job as that job's target: the average miner finds as many
 * shares as are wanted, the largest eight times as many at most, and none gets shares that its client does not allow, as
 * long as all of them together find enough.
 */
export function sharedDifficulty(
  wishes: readonly DifficultyWish[],
  sharesPerMinute: number,
): SharedDifficulty {
  const miners = wishes.reduce((sum, wish) => sum + wish.miners, 0);
  const perShare = wishes.reduce((sum, { miners: count, k }) => sum + count * 2 ** k, 0);
  if (miners === 0) return { exponent: 0, miners: 1, hashRate: 0 };
  const most = Math.floor(Math.log2(perShare));
  const wanted = Math.max(
    Math.floor(Math.log2(perShare / miners)),
    ...wishes.map(({ k, clientFloor }) => Math.max(k - MAX_EASED, clientFloor)),
  );
  const exponent = Math.max(0, Math.min(MAX_TARGET_EXPONENT, most, wanted));
  return { exponent, miners, hashRate: (perShare * sharesPerMinute) / 60 };
}
