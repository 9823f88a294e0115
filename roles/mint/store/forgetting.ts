import type { Database } from '../../../runtime/sql/database.ts';
import { blob, integer, text } from './row.ts';

/** Which quotes are old enough. */
export interface OldQuotes {
  /** Unix seconds: those whose expiry is earlier. */
  readonly before: number;
  readonly limit: number;
}

/** A mint quote that nobody has paid, as far as the mint knows. */
export interface OldMintQuote {
  readonly row: number;
  readonly id: Uint8Array;
  readonly lookup: string;
  readonly expiry: number;
}

/**
 * Drops quotes that nobody paid. One that anything was ever paid to, however little or late, or that was open at a loss,
 * stays for good; so does an address, which may be paid at any time, and a melt quote that was ever begun or, as its
 * expiry of 0 says, was open at a loss.
 */
export function forgettingOperations(db: Database) {
  const unpaid = `amount_paid = 0 AND amount IS NOT NULL AND is_lost = 0
    AND NOT EXISTS (SELECT 1 FROM receipts WHERE receipts.mint_quote = mint_quotes.mint_quote)`;
  const old = db.prepare(`
    SELECT mint_quote, id, lookup, expiry FROM mint_quotes
    WHERE method = ? AND expiry < ? AND (expiry, mint_quote) > (?, ?) AND ${unpaid}
    ORDER BY expiry, mint_quote LIMIT ?`);
  const dropMint = db.prepare(`DELETE FROM mint_quotes WHERE id = ? AND ${unpaid}`);
  const dropMelts = db.prepare(`
    DELETE FROM melt_quotes WHERE melt_quote IN (
      SELECT melt_quote FROM melt_quotes
      WHERE state = 'UNPAID' AND attempt = 0 AND expiry < ? AND expiry > 0
      ORDER BY expiry, melt_quote LIMIT ?)`);

  return {
    /** Those that come after one of them, in the order of their ends. */
    oldMintQuotes: ({
      method,
      before,
      limit,
      after,
    }: OldQuotes & { readonly method: string; readonly after: OldMintQuote | undefined }): OldMintQuote[] =>
      old.all(method, before, after?.expiry ?? 0, after?.row ?? 0, limit).map((row) => ({
        row: integer(row, 'mint_quote'),
        id: blob(row, 'id'),
        lookup: text(row, 'lookup'),
        expiry: integer(row, 'expiry'),
      })),

    /** Preconditions: none was paid, and their backend takes no payment to them any more. @returns how many went */
    forgetMintQuotes: (ids: readonly Uint8Array[]): number =>
      ids.reduce((count, id) => count + Number(dropMint.run(id).changes), 0),

    /** @returns how many went */
    forgetMeltQuotes: ({ before, limit }: OldQuotes): number => Number(dropMelts.run(before, limit).changes),
  };
}
