import { dustSats } from '../../../domain/epochs/price.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { epochOperations } from './epochs.ts';
import { postings } from './postings.ts';
import { redemptionOperations } from './redemptions.ts';
import { integer } from './row.ts';

/** An epoch whose window has passed. */
export interface Expiry {
  readonly epoch: number;
  /** The chain's height. */
  readonly height: number;
  /** Whether what is left goes to the pool's next reward; else it is the operator's. */
  readonly isCarried: boolean;
}

/** Ends epochs that can be redeemed no more. */
export function expiryOperations(db: Database) {
  const { epochById } = epochOperations(db);
  const { redeemed } = redemptionOperations(db);
  const post = postings(db);
  const passed = db.prepare(`
    SELECT epoch FROM epochs LEFT JOIN redemptions USING (epoch)
    WHERE priced_height IS NOT NULL AND priced_height + window_blocks <= ? AND expired_height IS NULL
    ORDER BY epoch LIMIT ?`);
  const isOver = db.prepare('SELECT 1 FROM redemptions WHERE epoch = ? AND expired_height IS NOT NULL');
  const end = db.prepare(`
    INSERT INTO redemptions (epoch, ehash, sats, n, expired_height) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (epoch) DO UPDATE SET expired_height = excluded.expired_height`);
  const carry = db.prepare('INSERT INTO carried (epoch, pool_id, sats) VALUES (?, ?, ?)');

  return {
    /** Epochs whose window has passed at a height and that are not ended yet. */
    passedWindows: ({ height, limit }: { height: number; limit: number }): number[] =>
      passed.all(height, limit).map((row) => integer(row, 'epoch')),

    /**
     * Ends an epoch: nothing of it is redeemed from here on, what rounding kept back is booked as dust, and what is left goes
     * on. Preconditions: it has a price, and was not ended before; else nothing happens.
     * @returns sats that were left, dust not among them; undefined where nothing happened
     */
    expireEpoch: ({ epoch, height, isCarried }: Expiry): bigint | undefined => {
      const row = epochById(epoch);
      if (!row?.price || isOver.get(epoch)) return undefined;
      const { price, poolId } = row;
      const { ehash, sats, n } = redeemed(epoch);
      const dust = dustSats(price, ehash, sats);
      const left = price.payableSats - sats - dust;
      end.run(epoch, String(ehash), sats, n, height);
      post(epoch, 'ehash', 'dust', dust);
      post(epoch, 'ehash', isCarried ? 'carried' : 'expired', left);
      if (isCarried && left > 0n) carry.run(epoch, poolId, left);
      return left;
    },
  };
}
