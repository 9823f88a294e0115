import type { Database } from '../../../runtime/sql/database.ts';
import { columns, type Epoch, epochOf } from './epochs.ts';
import { type Redeemed, redemptionOperations } from './redemptions.ts';
import { bigInteger } from './row.ts';

/** An epoch and what was redeemed of it. */
export interface LatestEpoch {
  readonly epoch: Epoch;
  readonly redeemed: Redeemed;
}

/** Reads the newest epochs of all pools, for statistics. */
export function latestEpochOperations(db: Database) {
  const latest = db.prepare(`${columns} ORDER BY e.epoch DESC LIMIT ?`);
  const { redeemed } = redemptionOperations(db);
  const owed = db.prepare(`
    SELECT CAST(coalesce(sum(priced_reward - priced_fee - coalesce(sats, 0)), 0) AS BIGINT) AS owed
    FROM epochs LEFT JOIN redemptions USING (epoch) WHERE priced_height IS NOT NULL AND expired_height IS NULL`);
  owed.setReadBigInts(true);
  return {
    /** Those that were written last, the newest first. */
    latestEpochs: (limit: number): LatestEpoch[] =>
      latest.all(limit).map((row) => {
        const epoch = epochOf(row);
        return { epoch, redeemed: redeemed(epoch.epoch) };
      }),

    /** Sats that are owed to holders of ehash that can be redeemed, as the books of sats have it. */
    owedForEhash: (_: null): bigint => bigInteger(owed.get() ?? {}, 'owed'),
  };
}
