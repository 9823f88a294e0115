import { Outcome } from '../../domain/quotes/state.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { openPlace } from '../../runtime/sql/open.ts';
import { readSatBooks, type SatBooks } from './sat-books.ts';
import { integer } from './store/row.ts';
import { schema } from './store/schema.ts';
import { readUnitBooks, type Tally, type UnitBooks } from './unit-books.ts';

export type { Tally } from './unit-books.ts';

/** The mint's sums: those of ehash, over all epochs, and those of each unit. */
export interface Books {
  /** All quotes but void ones. */
  readonly quotes: Tally;
  /** Quotes that wallets have minted. */
  readonly issued: Tally;
  /** Quotes that were credited to keys that are paid without a wallet. */
  readonly autoPaid: Tally;
  /** Quotes not minted yet, paid or not. */
  readonly waiting: Tally;
  readonly void: Tally;
  /** Blind signatures given out, by minting and by swaps. */
  readonly signed: Tally;
  /** Proofs taken back by swaps. */
  readonly spent: Tally;
  /** Ehash that was redeemed for sats. */
  readonly redeemed: bigint;
  /** signed - spent: the tokens out there. Equals `issued.sum` and `autoPaid.sum` less `redeemed` in a sound mint. */
  readonly outstanding: bigint;
  readonly sats: SatBooks;
  readonly refusals: number;
  readonly conflicts: number;
  readonly units: ReadonlyMap<string, UnitBooks>;
}

/**
 * Reads a mint's books from its database, without writing to it; the mint may run meanwhile.
 * @param place a SQLite file's path or a PostgreSQL URL
 * @throws HashpoolError as `openPlace`
 */
export function auditMint(place: string): Books {
  const db = openPlace(place, schema, { readOnly: true });
  try {
    // One snapshot: the mint may commit between two statements.
    db.exec('BEGIN');
    return readBooks(db);
  } finally {
    db.close();
  }
}

/** Adds everything up. Reads whole tables. */
function readBooks(db: Database): Books {
  const quotes = db
    .prepare('SELECT outcome, exponent, count(*) AS n FROM quotes GROUP BY outcome, exponent')
    .all();
  const ofOutcome = (...outcomes: readonly Outcome[]) =>
    tally(quotes.filter((row) => outcomes.some((each) => each === integer(row, 'outcome'))));
  const units = readUnitBooks(db);
  const mined = [...units.values()].filter(({ isMined }) => isMined);
  const counted = db.prepare(
    'SELECT CAST(coalesce(sum(refused), 0) AS BIGINT) AS refusals, CAST(coalesce(sum(conflicts), 0) AS BIGINT) AS conflicts FROM outboxes',
  );
  const counts = counted.get() ?? {};
  const signed = total(mined.map((each) => each.signed));
  const spent = total(mined.map((each) => each.spent));
  return {
    quotes: ofOutcome(Outcome.open, Outcome.waiting, Outcome.issued, Outcome.autoPaid),
    issued: ofOutcome(Outcome.issued),
    autoPaid: ofOutcome(Outcome.autoPaid),
    waiting: ofOutcome(Outcome.open, Outcome.waiting),
    void: ofOutcome(Outcome.void),
    signed,
    spent,
    redeemed: mined.reduce((sum, { redeemed }) => sum + redeemed, 0n),
    sats: readSatBooks(db),
    outstanding: signed.sum - spent.sum,
    refusals: integer(counts, 'refusals'),
    conflicts: integer(counts, 'conflicts'),
    units,
  };
}

function tally(rows: readonly Parameters<typeof integer>[0][]): Tally {
  let count = 0;
  let sum = 0n;
  for (const row of rows) {
    const n = integer(row, 'n');
    count += n;
    sum += BigInt(n) * amountOf(integer(row, 'exponent'));
  }
  return { count, sum };
}

function total(tallies: readonly Tally[]): Tally {
  let count = 0;
  let sum = 0n;
  for (const each of tallies) {
    count += each.count;
    sum += each.sum;
  }
  return { count, sum };
}
