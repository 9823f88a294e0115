/** Quotes that nobody paid are found by their end, and what might have been paid to them. */
export const quotesToForget = `
    CREATE INDEX unpaid_mint_quotes ON mint_quotes (method, expiry)
      WHERE amount_paid = 0 AND amount IS NOT NULL AND is_lost = 0;
    CREATE INDEX receipts_of_mint_quote ON receipts (mint_quote);
    CREATE INDEX untried_melt_quotes ON melt_quotes (expiry) WHERE state = 'UNPAID' AND attempt = 0;
    `;
