import { randomInt } from 'node:crypto';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { runEach } from '../../../runtime/sql/together.ts';
import { integer } from './row.ts';

/** What is counted of quotes: `created` all that came in, `issued`, `auto_paid` and `void` those of them that ended so. */
type Kind = 'created' | 'issued' | 'auto_paid' | 'void';

/** Processes of a mint count in rows of their own, so that they seldom wait for each other. */
const WRITERS = 64;

/** The sums of all quotes, in ehash: issued is what wallets have minted and what was paid out instead, waiting the rest. */
export interface QuoteFigures {
  readonly quotes: number;
  readonly ehash_total: bigint;
  readonly ehash_waiting: bigint;
  readonly ehash_issued: bigint;
}

/** A quote as it is counted. */
export interface Counted {
  readonly segment: number;
  readonly exponent: number;
}

/**
 * Counts quotes by exponent, in all and by segment, in the transaction that changes them: so that the sums are true for
 * every process of the mint and need no walk over the quotes, of which there are millions.
 * @returns what notes quotes as changed; with `by` -1, as not changed after all
 */
export function tallies(db: Database): (kind: Kind, quotes: readonly Counted[], by?: 1 | -1) => void {
  const writer = randomInt(WRITERS);
  const add = db.prepare(`
    INSERT INTO tallies (kind, exponent, writer, n) VALUES (?, ?, ?, ?)
    ON CONFLICT (kind, exponent, writer) DO UPDATE SET n = tallies.n + excluded.n`);
  const addToSegment = db.prepare(`
    INSERT INTO segment_tallies (segment, kind, exponent, writer, n) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (segment, kind, exponent, writer) DO UPDATE SET n = segment_tallies.n + excluded.n`);
  return (kind, quotes, by = 1) => {
    const groups = Map.groupBy(quotes, ({ exponent }) => exponent);
    runEach(
      add,
      [...groups].map(([exponent, group]) => [kind, exponent, writer, by * group.length]),
    );
    const parts = Map.groupBy(quotes, ({ segment, exponent }) => `${segment} ${exponent}`);
    runEach(
      addToSegment,
      [...parts.values()].flatMap((part) =>
        part.slice(0, 1).map(({ segment, exponent }) => [segment, kind, exponent, writer, by * part.length]),
      ),
    );
  };
}

/** Reads the sums. */
export function figureOperations(db: Database) {
  const all = db.prepare('SELECT kind, exponent, n FROM tallies');
  return {
    figures: (_: null): QuoteFigures => {
      const rows = all.all().map((row) => {
        const n = integer(row, 'n');
        return { kind: row['kind'], n, sum: BigInt(n) * amountOf(integer(row, 'exponent')) };
      });
      const of = (kind: Kind) => rows.filter((row) => row.kind === kind);
      const sum = (kind: Kind) => of(kind).reduce((total, row) => total + row.sum, 0n);
      const count = (kind: Kind) => of(kind).reduce((total, row) => total + row.n, 0);
      const total = sum('created') - sum('void');
      const issued = sum('issued') + sum('auto_paid');
      return {
        quotes: count('created') - count('void'),
        ehash_total: total,
        ehash_waiting: total - issued,
        ehash_issued: issued,
      };
    },
  };
}
