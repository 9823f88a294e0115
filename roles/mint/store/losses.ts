import type { Database } from '../../../runtime/sql/database.ts';
import { freeze, type JournalState, journalState } from '../../../runtime/sql/journal/journal.ts';

/** Where the database stands to what was lost, and to its journal. */
export interface LossState extends JournalState {
  /**
   * Work on blocks up to this height that the database does not know may have been paid before a loss; undefined where
   * nothing was ever lost.
   */
  readonly lostHeight: number | undefined;
  /** A loss was accepted, and the height is not known yet. */
  readonly isHeightWanted: boolean;
}

/** Knows whether the database may be changed, and what must never be paid because it may have been. */
export function lossOperations(db: Database) {
  const journal = db.prepare('SELECT * FROM journal');
  const losses = db.prepare('SELECT max(height) AS height, count(*) - count(height) AS wanted FROM losses');
  const setHeight = db.prepare('UPDATE losses SET height = ? WHERE height IS NULL');

  return {
    lossState: (_: null): LossState => {
      const row = losses.get() ?? {};
      return {
        ...journalState(journal.get()),
        lostHeight: row['height'] === null ? undefined : Number(row['height']),
        isHeightWanted: Number(row['wanted']) > 0,
      };
    },

    /** From here on nothing is issued, spent or taken in. @param reason in words */
    freeze: (reason: string): void => freeze(db, reason),

    /** The chain's height when the mint first goes on after a loss. */
    settleLoss: (height: number): void => {
      setHeight.run(height);
    },
  };
}
