import type { Account } from '../../../domain/epochs/accounts.ts';
import type { Price } from '../../../domain/epochs/price.ts';
import type { Database } from '../../../runtime/sql/database.ts';

/**
 * Writes the books of sats, in the transaction that makes them true.
 * @returns takes sats from one account and gives them to another, for an epoch
 */
export function postings(
  db: Database,
): (epoch: number, giver: Account, taker: Account, sats: bigint) => void {
  const add = db.prepare(`
    INSERT INTO postings (epoch, giver, taker, sats, n) VALUES (?, ?, ?, ?, 1)
    ON CONFLICT (epoch, giver, taker) DO UPDATE SET sats = postings.sats + excluded.sats, n = postings.n + 1`);
  return (epoch, giver, taker, sats) => {
    if (sats > 0n) add.run(epoch, giver, taker, sats);
  };
}

/**
 * Writes what an epoch received, when its price is fixed.
 * @returns takes the part of the reward that came from others, in sats, and gives how much of it was needed
 */
export function rewardPostings(db: Database): (epoch: number, price: Price, gifts: bigint) => bigint {
  const post = postings(db);
  return (epoch, { rewardSats, feeSats }, gifts) => {
    const given = gifts < rewardSats ? gifts : rewardSats;
    post(epoch, 'gifts', 'ehash', given);
    post(epoch, 'coinbase', 'ehash', rewardSats - given);
    post(epoch, 'ehash', 'fees', feeSats);
    return given;
  };
}
