import { existsSync } from 'node:fs';
import { isHashpoolError } from '../../protocols/errors.ts';
import { operations, journal as rules, schema } from '../../roles/mint/store/store.ts';
import { type Database, inTransaction } from '../../runtime/sql/database.ts';
import { freeze, Journal, journalState } from '../../runtime/sql/journal/journal.ts';
import { journalFiles } from '../../runtime/sql/journal/reader.ts';
import { openPlace } from '../../runtime/sql/open.ts';

/** How a mint's database stands after it was put in place. */
export interface UpToDate {
  /** Transactions of the journal that were done again. */
  readonly redone: number;
  /** Why the mint only reads, in words; undefined where nothing is missing. */
  readonly frozen: string | undefined;
}

export interface PutInPlace {
  readonly place: string;
  readonly journal: string | undefined;
  /** Whether the copy was made while a journal was kept. */
  readonly isNoted: boolean;
  /** When the copy was made, as its manifest says. */
  readonly made: string;
  readonly now: Date;
}

/** Brings a copy of the mint's database up to date by its journal, and freezes it where that can't be done. */
export function bringUpToDate({ place, journal, isNoted, made, now }: PutInPlace): UpToDate {
  const db = openPlace(place, schema);
  try {
    const hasJournal =
      isNoted && journal !== undefined && existsSync(journal) && journalFiles(journal).length > 0;
    const redone = hasJournal ? caughtUp(db, journal) : undefined;
    if (redone === undefined) {
      const reason = `the database is a copy of ${made}, restored ${now.toISOString()} without its journal: what was issued and spent between the two is not known`;
      inTransaction(db, () => freeze(db, reason), 'EXCLUSIVE');
    }
    const { frozen } = journalState(db.prepare('SELECT * FROM journal').get());
    return { redone: redone ?? 0, frozen };
  } finally {
    db.close();
  }
}

/** How many transactions were done again; undefined where the folder holds nothing of the copy's journal. */
function caughtUp(db: Database, journal: string): number | undefined {
  try {
    return new Journal(db, rules, schema.migrations.length, journal).catchUp(operations(db));
  } catch (error) {
    if (!isHashpoolError(error, 'journal-missing')) throw error;
    return undefined;
  }
}
