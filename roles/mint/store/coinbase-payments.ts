import { paidPayouts } from '../../../domain/jobs/payouts.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { ChainPoint, LinkedBlock } from './chain.ts';
import { bigInteger, blob } from './row.ts';

/** An output of a block's coinbase that pays a balance. */
export interface PaidOutput {
  readonly vout: number;
  readonly payoutKey: number | bigint;
  readonly sats: bigint;
}

/** Writes down what a block's coinbase pays; what is known of it stays. */
export function coinbaseNotes(
  db: Database,
): (block: ChainPoint, txidLe: Uint8Array, paid: readonly PaidOutput[]) => void {
  const addBlock = db.prepare(
    'INSERT INTO paying_coinbases (hash, height, txid) VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING',
  );
  const add = db.prepare(`
    INSERT INTO coinbase_payments (hash, vout, payout_key, sats) VALUES (?, ?, ?, ?)
    ON CONFLICT (hash, vout) DO NOTHING`);
  return ({ hashLe, height }, txidLe, paid) => {
    if (paid.length > 0) addBlock.run(hashLe, height, txidLe);
    for (const { vout, payoutKey, sats } of paid) add.run(hashLe, vout, payoutKey, sats);
  };
}

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
  const note = coinbaseNotes(db);

  return (block) => {
    const { prevHashLe, coinbase } = block;
    if (!coinbase) return;
    const outputs = told.all(prevHashLe).map((row) => {
      const [value, script] = [bigInteger(row, 'sats'), blob(row, 'script')];
      return { payoutKey: bigInteger(row, 'payout_key'), value, script };
    });
    const paid = paidPayouts(outputs, coinbase.outputs).flatMap(({ index, vout }) => {
      const output = outputs[index];
      return output ? [{ vout, payoutKey: output.payoutKey, sats: output.value }] : [];
    });
    note(block, coinbase.txidLe, paid);
  };
}
