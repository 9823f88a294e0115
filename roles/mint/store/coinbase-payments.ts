import { paidPayouts } from '../../../domain/jobs/payouts.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { LinkedBlock } from './chain.ts';
import { bigInteger, blob } from './row.ts';

/**
 * Notes which of the payouts that pools were told for a block it pays: what a block pays is its coinbase's to say, and not
 * what anybody was told last.
 * @returns to be called with each block as it is followed
 */
export function coinbasePayments(db: Database): (block: LinkedBlock) => void {
  const told = db.prepare(`
    SELECT payout_key, sats, script FROM payout_set_outputs JOIN payout_sets USING (payout_set)
    WHERE prev_hash = ? ORDER BY position`);
  told.setReadBigInts(true);
  const addBlock = db.prepare(
    'INSERT INTO paying_coinbases (hash, height, txid) VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING',
  );
  const add = db.prepare(`
    INSERT INTO coinbase_payments (hash, vout, payout_key, sats) VALUES (?, ?, ?, ?)
    ON CONFLICT (hash, vout) DO NOTHING`);

  return ({ hashLe, prevHashLe, height, coinbase }) => {
    if (!coinbase) return;
    const outputs = told.all(prevHashLe).map((row) => {
      const [value, script] = [bigInteger(row, 'sats'), blob(row, 'script')];
      return { payoutKey: bigInteger(row, 'payout_key'), value, script };
    });
    const paid = paidPayouts(outputs, coinbase.outputs);
    if (paid.length > 0) addBlock.run(hashLe, height, coinbase.txidLe);
    for (const { index, vout } of paid) {
      const output = outputs[index];
      if (output) add.run(hashLe, vout, output.payoutKey, output.value);
    }
  };
}
