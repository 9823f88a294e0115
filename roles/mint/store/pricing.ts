import { priceEpochs } from '../../../domain/epochs/price.ts';
import { COINBASE_MATURITY } from '../../../domain/epochs/redemption-window.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { type Epoch, epochOperations } from './epochs.ts';
import { lateWork } from './late-work.ts';
import { rewardPostings } from './postings.ts';
import { bigInteger, integer } from './row.ts';

/** A reward that is mature, and the epochs that it backs. */
export interface MatureReward {
  /** The epoch that its block closed, and those that were merged into it. */
  readonly epochs: readonly number[];
  /** The chain's height. */
  readonly height: number;
}

/** Fixes what ehash is worth. */
export function pricingOperations(db: Database) {
  const { epochById, epochWork } = epochOperations(db);
  const reward = rewardPostings(db);
  const late = lateWork(db);
  const mature = db.prepare(`
    SELECT epoch FROM (
      SELECT epoch, closed_height, row_number() OVER (PARTITION BY pool_id ORDER BY closed_height, epoch) AS turn
      FROM epochs WHERE priced_height IS NULL AND standing = 'live' AND closed_height <= ?) AS due
    WHERE turn <= ? ORDER BY closed_height, epoch`);
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
  const overLightning = db.prepare(
    'SELECT CAST(coalesce(sum(paid), 0) AS BIGINT) AS sats FROM reward_invoices WHERE epoch = ?',
  );
  overLightning.setReadBigInts(true);
  const retire = db.prepare('UPDATE keysets SET is_active = 0 WHERE epoch = ?');
  // What a look through a key's quotes has passed may be due from here on.
  const lookAgain = db.prepare('UPDATE payout_keys SET examined_quote = 0 WHERE examined_quote > 0');

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

  /** What was paid over Lightning for an epoch, which is there when it is closed. */
  function lightningSats(epoch: number): bigint {
    return bigInteger(overLightning.get(epoch) ?? {}, 'sats');
  }

  /** The block that backs these epochs, and no others; undefined where the chain has moved since they were looked at. */
  function maturedBy([first, ...others]: readonly Epoch[], height: number): Epoch['closing'] {
    if (!first?.closing) return undefined;
    const wait = lightningSats(first.epoch) > 0n ? 0 : COINBASE_MATURITY;
    if (first.closing.height + wait > height) return undefined;
    const sharing = merged.all(first.epoch).map((row) => integer(row, 'epoch'));
    const isSame = sharing.join() === others.map(({ epoch }) => epoch).join();
    return isSame && [first, ...others].every(({ price }) => !price) ? first.closing : undefined;
  }

  return {
    /**
     * Epochs that were closed at a height or below it and have no price yet, each with those merged into it: of each pool
     * the first `ofPool`, since a pool's may wait for its outboxes.
     */
    unpriced: ({
      closedBy,
      ofPool,
    }: {
      closedBy: number;
      ofPool: number;
    }): (readonly [Epoch, ...Epoch[]])[] =>
      mature.all(closedBy, ofPool).map((row) => {
        const epoch = integer(row, 'epoch');
        return [found(epoch), ...merged.all(epoch).map((each) => found(integer(each, 'epoch')))];
      }),

    /**
     * Fixes the price of the epochs that a reward backs, by all their quotes and rewards at this moment, and books it. From
     * here on their keysets sign nothing. Quotes that wait for their block are none of them. Where the chain has moved since they were looked at, nothing happens.
     * @returns whether it was fixed
     */
    fixPrice: ({ epochs, height }: MatureReward): boolean => {
      const rows = epochs.map(found);
      const closing = maturedBy(rows, height);
      if (!closing) return false;
      for (const epoch of epochs) late.putOff(epoch);
      const giftSats = rows.reduce((sum, { gifts }) => sum + gifts, 0n);
      const backed = rows.map(({ epoch, minimumDifficulty, feePpm }) => {
        return { work: epochWork(epoch).work, minimumDifficulty, feePpm };
      });
      const [carriedSats, lightning] = [takeCarried(rows), lightningSats(epochs[0] ?? 0)];
      const prices = priceEpochs(closing.reward + giftSats + carriedSats, backed);
      const parts = rows.flatMap(({ epoch }, i) => (prices[i] ? [[epoch, prices[i]] as const] : []));
      for (const [epoch, { rewardSats, feeSats, work }] of parts) {
        fix.get(height, rewardSats, feeSats, String(work), epoch);
        retire.run(epoch);
      }
      const sources = [
        ['gifts', giftSats],
        ['carried', carriedSats],
        ['lightning', lightning],
        ['coinbase', closing.reward - lightning],
      ] as const;
      reward(sources, parts);
      lookAgain.run();
      return true;
    },
  };
}
