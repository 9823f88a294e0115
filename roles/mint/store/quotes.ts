import { Outcome } from '../../../domain/quotes/state.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { getEach } from '../../../runtime/sql/together.ts';
import { pageOfKeys, type QuotesOfKeys } from './key-pages.ts';
import { blob, integer, type Row, text } from './row.ts';

/** A quote as it is stored, with what its epoch says of it. */
export interface QuoteRow {
  /** UUID version 7, 16 bytes. */
  readonly id: Uint8Array;
  /** SHA-256d of the share's header, header order. */
  readonly shareHashLe: Uint8Array;
  /** The key that it is locked to, 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly exponent: number;
  readonly unit: string;
  readonly outcome: Outcome;
  readonly isEpochFinal: boolean;
}

const columns = 'SELECT quotes.quote, quotes.id, share_hash, public_key, exponent, outcome, unit, is_final';
const epochOf = 'JOIN segments USING (segment) JOIN epochs USING (epoch)';

/** Reads quotes. Their rows never move: rowids grow as quotes come in, and order every list. */
export function quoteOperations(db: Database) {
  const byId = db.prepare(`${columns} FROM quotes ${epochOf} WHERE quotes.id = ?`);
  const byShare = db.prepare(`${columns} FROM quotes ${epochOf} WHERE share_hash = ?`);
  const byRow = db.prepare(`${columns} FROM quotes ${epochOf} WHERE quotes.quote = ?`);
  // Answered from the indices quotes_of_key and open_quotes_of_key, of which a page of many keys reads far more than it gives.
  const ofKey = db.prepare(`
    SELECT quote FROM quotes
    WHERE public_key = ? AND quote > ? ORDER BY quote LIMIT ?`);
  const openOfKey = db.prepare(`
    SELECT quote FROM quotes
    WHERE outcome IN (0, 4) AND public_key = ? AND quote > ? ORDER BY quote LIMIT ?`);

  function rowOf(id: Uint8Array): number {
    const row = byId.get(id);
    if (row) return integer(row, 'quote');
    throw cashuError('request-malformed', 'cursor names no quote of this mint; begin without one');
  }

  return {
    quotesById: (ids: readonly Uint8Array[]): (QuoteRow | undefined)[] =>
      getEach(
        byId,
        ids.map((id) => [id]),
      ).map(quoteOf),

    quoteByShare: (shareHashLe: Uint8Array): QuoteRow | undefined => quoteOf(byShare.get(shareHashLe)),

    /**
     * A page of the quotes locked to any of `keys`, in the order they came in, and whether there are more.
     * @throws HashpoolError 'request-malformed' where `after` is no quote
     */
    quotesOfKeys: (asked: QuotesOfKeys): { quotes: QuoteRow[]; hasMore: boolean } => {
      const start = asked.after ? rowOf(asked.after) : 0;
      const statement = asked.onlyOpen ? openOfKey : ofKey;
      const { rows, hasMore } = pageOfKeys(asked, 'quote', (key, limit) => statement.all(key, start, limit));
      const found = getEach(
        byRow,
        rows.map((quote) => [quote]),
      );
      return { quotes: found.flatMap((row) => quoteOf(row) ?? []), hasMore };
    },
  };
}

const outcomes = Object.values(Outcome);

function quoteOf(row: Row | undefined): QuoteRow | undefined {
  if (!row) return undefined;
  const outcome = integer(row, 'outcome');
  return {
    id: blob(row, 'id'),
    shareHashLe: blob(row, 'share_hash'),
    publicKey: blob(row, 'public_key'),
    exponent: integer(row, 'exponent'),
    unit: text(row, 'unit'),
    outcome: outcomes.find((known) => known === outcome) ?? Outcome.void,
    isEpochFinal: integer(row, 'is_final') === 1,
  };
}
