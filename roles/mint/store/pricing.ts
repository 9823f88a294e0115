import { priceEpochs } from '../../../domain/epochs/price.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { type Epoch, epochOperations } from './epochs.ts';
import { rewardPostings } from './postings.ts';
import { bigInteger, integer } from './row.ts';

/** A reward that is mature, and the epochs that it backs. */
export interface MatureReward {
  /** The epoch that its block closed, and those that were merged into it. */
  readonly epochs: readonly number[];
  /** All that the coinbase pays, in sats. */
  readonly coinbaseSats: bigint;
  /** What others gave to these epochs, in sats. */
  readonly giftSats: bigint;
  /** The chain's height. */
  readonly height: number;
}

/** Fixes what ehash is worth. */
export function pricingOperations(db: Database) {
  const { epochById, epochWork } = epochOperations(db);
  const reward = rewardPostings(db);
  const mature = db.prepare(`
    SELECT epoch FROM epochs WHERE priced_height IS NULL AND standing = 'live' AND closed_height <= ?
    ORDER BY closed_height, epoch LIMIT ?`);
  const merged = db.prepare(
    'SELECT epoch FROM epochs WHERE merged_into = ? AND priced_height IS NULL ORDER BY epoch',
  );
  const fix = db.prepare(`
    UPDATE epochs SET priced_height = ?, priced_reward = ?, priced_fee = ?, priced_work = ?
    WHERE epoch = ? AND priced_height IS NULL RETURNING epoch`);
  const carried = db.prepare(
    'UPDATE carried SET into_epoch = ? WHERE pool_id = ? AND into_epoch IS NULL RETURNING sats',
  );
  carried.setReadBigInts(true);
  const retire = db.prepare('UPDATE keysets SET is_active = 0 WHERE epoch = ?');

  const found = (epoch: number): Epoch => {
    const row = epochById(epoch);
    if (row) return row;
    throw new HashpoolError('bad-row', `the mint's database has no epoch ${epoch}; restore a backup`);
  };

  /** What was left of earlier epochs of the pool goes into this reward. */
  function takeCarried([first]: readonly Epoch[]): bigint {
    if (!first) return 0n;
    const sums = carried.all(first.epoch, first.poolId).map((row) => bigInteger(row, 'sats'));
    return sums.reduce((sum, sats) => sum + sats, 0n);
  }

  return {
    /** Epochs that were closed at a height or below it and have no price yet, each with those merged into it. */
    unpriced: ({ closedBy, limit }: { closedBy: number; limit: number }): (readonly [Epoch, ...Epoch[]])[] =>
      mature.all(closedBy, limit).map((row) => {
        const epoch = integer(row, 'epoch');
        return [found(epoch), ...merged.all(epoch).map((each) => found(integer(each, 'epoch')))];
      }),

    /**
     * Fixes the price of the epochs that a reward backs, by all their quotes at this moment, and books it. From here on
     * their keysets sign nothing. Precondition: none of them has a price; else nothing happens.
     * @returns whether it was fixed
     */
    fixPrice: ({ epochs, coinbaseSats, giftSats, height }: MatureReward): boolean => {
      const rows = epochs.map(found);
      if (rows.some(({ price }) => price)) return false;
      const backed = rows.map(({ epoch, minimumDifficulty, feePpm }) => {
        return { work: epochWork(epoch).work, minimumDifficulty, feePpm };
      });
      const carriedSats = takeCarried(rows);
      const prices = priceEpochs(coinbaseSats + giftSats + carriedSats, backed);
      const parts = rows.flatMap(({ epoch }, i) => (prices[i] ? [[epoch, prices[i]] as const] : []));
      for (const [epoch, { rewardSats, feeSats, work }] of parts) {
        fix.get(height, rewardSats, feeSats, String(work), epoch);
        retire.run(epoch);
      }
      const sources = [
        ['gifts', giftSats],
        ['carried', carriedSats],
        ['coinbase', coinbaseSats],
      ] as const;
      reward(sources, parts);
      return true;
    },
  };
}
