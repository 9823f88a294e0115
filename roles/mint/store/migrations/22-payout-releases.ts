/** What an operator says of balances that were held back at a loss. */
export const payoutReleases = `
    -- Asked for by a command, and carried out by the mint itself, whose journal notes it. A hold is named by its key and reference.
    CREATE TABLE payout_releases (
      payout_key INTEGER NOT NULL REFERENCES payout_keys,
      reference BLOB NOT NULL,
      -- Sats that were paid since the loss, and where; the rest is owed again.
      paid INTEGER NOT NULL CHECK (paid >= 0),
      proof TEXT,
      reason TEXT NOT NULL,
      -- Milliseconds since 1970.
      asked_at INTEGER NOT NULL,
      PRIMARY KEY (payout_key, reference)
    ) STRICT;
    `;
