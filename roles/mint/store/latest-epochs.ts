import type { Database } from '../../../runtime/sql/database.ts';
import { columns, type Epoch, epochOf } from './epochs.ts';
import { type Redeemed, redemptionOperations } from './redemptions.ts';

/** An epoch and what was redeemed of it. */
export interface LatestEpoch {
  readonly epoch: Epoch;
  readonly redeemed: Redeemed;
}

/** Reads the newest epochs of all pools, for statistics. */
export function latestEpochOperations(db: Database) {
  const latest = db.prepare(`${columns} ORDER BY e.epoch DESC LIMIT ?`);
  const { redeemed } = redemptionOperations(db);
  return {
    /** Those that were written last, the newest first. */
    latestEpochs: (limit: number): LatestEpoch[] =>
      latest.all(limit).map((row) => {
        const epoch = epochOf(row);
        return { epoch, redeemed: redeemed(epoch.epoch) };
      }),
  };
}
