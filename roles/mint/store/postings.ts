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
 * @param sources what the reward is made of, in sats: its block, gifts, what was left of earlier epochs; the epochs that it
 * backs are written one after the other
 */
export function rewardPostings(
  db: Database,
): (sources: readonly (readonly [Account, bigint])[], parts: readonly (readonly [number, Price])[]) => void {
  const post = postings(db);
  return (sources, parts) => {
    const left = new Map(sources);
    for (const [epoch, { rewardSats, feeSats }] of parts) {
      let needed = rewardSats;
      for (const [source, sats] of left) {
        const given = sats < needed ? sats : needed;
        post(epoch, source, 'ehash', given);
        left.set(source, sats - given);
        needed -= given;
      }
      post(epoch, 'ehash', 'fees', feeSats);
    }
  };
}
