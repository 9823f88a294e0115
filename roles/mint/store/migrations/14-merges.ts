/** Epochs that an operator wants to share a reward. */
export const merges = `
    -- Asked for by a command, and carried out by the mint itself, whose journal notes it.
    CREATE TABLE epoch_merges (
      merge INTEGER PRIMARY KEY,
      lost INTEGER NOT NULL REFERENCES epochs,
      heir INTEGER NOT NULL REFERENCES epochs,
      reason TEXT NOT NULL,
      -- Milliseconds since 1970.
      asked_at INTEGER NOT NULL
    ) STRICT;
    `;
