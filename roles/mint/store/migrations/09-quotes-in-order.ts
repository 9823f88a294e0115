/** Look-ups by key without a sort. */
export const quotesInOrder = `
    -- In the order of the list that is asked for: SQLite's end with the key by themselves, PostgreSQL's do not.
    DROP INDEX quotes_of_key;
    CREATE INDEX quotes_of_key ON quotes (public_key, quote);
    DROP INDEX open_quotes_of_key;
    CREATE INDEX open_quotes_of_key ON quotes (public_key, quote) WHERE outcome IN (0, 4);
    `;
