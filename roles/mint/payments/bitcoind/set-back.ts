import { type Database, inTransaction } from '../../../../runtime/sql/database.ts';

const WAITING = 'SELECT payout FROM onchain_payouts WHERE sending IS NULL AND failure IS NULL';

/**
 * Drops the payouts that wait, from a store that was set back to a copy: one of them may have been given up since, and
 * its tokens spent elsewhere. What is still owed the mint asks for anew, by the same key.
 */
export function dropWaitingPayouts(db: Database): void {
  const drop = () => {
    db.exec(`DELETE FROM onchain_places WHERE payout IN (${WAITING})`);
    db.exec('DELETE FROM onchain_payouts WHERE sending IS NULL AND failure IS NULL');
  };
  inTransaction(db, drop, 'EXCLUSIVE');
}
