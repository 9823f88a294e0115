/** Sums of the quotes, so that no status reads them all. */
export const tallies = `
    -- Quotes that came in, and those of them that ended issued or void, counted as it happens.
    CREATE TABLE tallies (
      kind TEXT NOT NULL CHECK (kind IN ('created', 'issued', 'void')),
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62),
      -- Each process of the mint counts in its own rows.
      writer INTEGER NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (kind, exponent, writer)
    ) STRICT;
    INSERT INTO tallies SELECT 'created', exponent, 0, count(*) FROM quotes GROUP BY exponent;
    INSERT INTO tallies SELECT 'issued', exponent, 0, count(*) FROM quotes WHERE outcome = 1 GROUP BY exponent;
    INSERT INTO tallies SELECT 'void', exponent, 0, count(*) FROM quotes WHERE outcome = 3 GROUP BY exponent;
    `;
