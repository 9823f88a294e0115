import type { Database } from '../../../runtime/sql/database.ts';

/** Which quotes are old enough. */
export interface OldQuotes {
  /** Unix seconds: those whose expiry is earlier. */
  readonly before: number;
  readonly limit: number;
}

/**
 * Drops quotes that nobody paid. One that anything was ever paid to, however little or late, or that was open at a loss,
 * stays for good; so does an address, which may be paid at any time, and a melt quote that was ever begun.
 */
export function forgettingOperations(db: Database) {
  const mintQuotes = db.prepare(`
    DELETE FROM mint_quotes WHERE mint_quote IN (
      SELECT mint_quote FROM mint_quotes
      WHERE method = ? AND expiry < ? AND amount_paid = 0 AND amount IS NOT NULL AND is_lost = 0
        AND NOT EXISTS (SELECT 1 FROM receipts WHERE receipts.mint_quote = mint_quotes.mint_quote)
      ORDER BY expiry, mint_quote LIMIT ?)`);
  const meltQuotes = db.prepare(`
    DELETE FROM melt_quotes WHERE melt_quote IN (
      SELECT melt_quote FROM melt_quotes WHERE state = 'UNPAID' AND attempt = 0 AND expiry < ?
      ORDER BY expiry, melt_quote LIMIT ?)`);

  return {
    /** Precondition: the backend has told of all that was paid before their end. @returns how many */
    forgetMintQuotes: ({ method, before, limit }: OldQuotes & { readonly method: string }): number =>
      Number(mintQuotes.run(method, before, limit).changes),

    /** @returns how many */
    forgetMeltQuotes: ({ before, limit }: OldQuotes): number => Number(meltQuotes.run(before, limit).changes),
  };
}
