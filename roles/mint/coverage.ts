import { mismatchOf } from '../../domain/ledger/sums.ts';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { type Database, inTransaction } from '../../runtime/sql/database.ts';
import { journalState } from '../../runtime/sql/journal/journal.ts';
import { bigInteger, blob } from './store/row.ts';
import { readUnitBooks } from './unit-books.ts';

/** What a copy of the mint's database holds, as its manifest says. Ids are hex, numbers that may be large text. */
export interface Coverage {
  /** By unit: tokens signed, spent, and out there. */
  readonly units: Readonly<Record<string, { signed: string; spent: string; outstanding: string }>>;
  readonly outboxes: readonly { pool: string; outbox: string; storedSeq: string }[];
  readonly journal: { readonly seq: string; readonly chain: string; readonly isOn: boolean };
}

/**
 * Reads what a mint's database holds.
 * @throws HashpoolError 'books-mismatch' where its sums contradict each other
 */
export function readCoverage(db: Database): Coverage {
  const units = [...readUnitBooks(db)];
  const wrong = units.flatMap(([unit, sums]) => mismatchOf(unit, sums) ?? []);
  if (wrong.length > 0) throw new HashpoolError('books-mismatch', `the mint's books: ${wrong.join('; ')}`);
  const outboxes = db.prepare('SELECT pool_id, outbox_id, stored_seq FROM outboxes ORDER BY outbox');
  outboxes.setReadBigInts(true);
  const { seq, chain, isOn } = journalState(db.prepare('SELECT * FROM journal').get());
  return {
    units: Object.fromEntries(
      units.map(([unit, { signed, spent, outstanding }]) => {
        return [unit, { signed: `${signed.sum}`, spent: `${spent.sum}`, outstanding: `${outstanding}` }];
      }),
    ),
    outboxes: outboxes.all().map((row) => ({
      pool: toHex(blob(row, 'pool_id')),
      outbox: toHex(blob(row, 'outbox_id')),
      storedSeq: `${bigInteger(row, 'stored_seq')}`,
    })),
    journal: { seq: `${seq}`, chain: toHex(chain), isOn },
  };
}

/** Notes up to where every backup that is kept covers each outbox: pools are told so. */
export function noteCoverage(db: Database, { outboxes }: Coverage): void {
  const note = db.prepare('UPDATE outboxes SET backed_up_seq = ? WHERE pool_id = ? AND outbox_id = ?');
  const work = () => {
    for (const { pool, outbox, storedSeq } of outboxes)
      note.run(BigInt(storedSeq), fromHex(pool), fromHex(outbox));
  };
  inTransaction(db, work, 'EXCLUSIVE');
}
