/** Look-ups by key of what is paid over Lightning and the chain (nuts#391). */
export const paymentsOfKeys = `
    CREATE INDEX mint_quotes_of_key ON mint_quotes (public_key, method, mint_quote) WHERE public_key IS NOT NULL;
    `;
