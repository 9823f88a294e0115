import type { Database } from '../../../../runtime/sql/database.ts';
import { bigInteger, text } from '../../store/row.ts';
import type { Undone } from './deposits.ts';

/** A deposit that was credited and left the chain. */
export interface UndoneDeposit {
  readonly outpoint: string;
  readonly amount: bigint;
}

/** What a deep reorganization has undone, until it is back. */
export function undoneOperations(db: Database) {
  const add = db.prepare(
    'INSERT INTO onchain_undone (outpoint, amount) VALUES (?, ?) ON CONFLICT (outpoint) DO NOTHING',
  );
  const all = db.prepare('SELECT * FROM onchain_undone ORDER BY outpoint LIMIT ?');
  all.setReadBigInts(true);
  const forget = db.prepare('DELETE FROM onchain_undone WHERE outpoint = ?');
  const reopen = db.prepare(`
    UPDATE onchain_sendings SET state = 'OPEN', final_txid = NULL, missing_since = NULL
    WHERE state = 'DONE' AND final_txid = ?`);

  return {
    /**
     * Sendings that were DONE are OPEN again; deposits are remembered.
     * @returns of how much the chain has changed its mind
     */
    noteUndone: ({ sent, deposits }: Undone): { sendings: number; deposits: number } => ({
      sendings: sent.reduce((sum, txid) => sum + Number(reopen.run(txid).changes), 0),
      deposits: deposits.reduce(
        (sum, { outpoint, amount }) => sum + Number(add.run(outpoint, amount).changes),
        0,
      ),
    }),

    undoneDeposits: (limit: number): UndoneDeposit[] =>
      all.all(limit).map((row) => ({ outpoint: text(row, 'outpoint'), amount: bigInteger(row, 'amount') })),

    forgetUndone: (outpoint: string): void => {
      forget.run(outpoint);
    },
  };
}
