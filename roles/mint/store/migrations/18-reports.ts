/** Signed reports of the books, and what proofs for holders are made from. */
export const reports = `
    -- Each names the one before, and counts tokens up to these rows. What is signed is the body, byte for byte.
    CREATE TABLE reports (
      report INTEGER PRIMARY KEY,
      hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
      body TEXT NOT NULL,
      signature BLOB NOT NULL CHECK (length(signature) = 64),
      last_signature INTEGER NOT NULL,
      last_spent INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE reported_epochs (
      epoch INTEGER PRIMARY KEY REFERENCES epochs,
      report INTEGER NOT NULL REFERENCES reports,
      -- What the last report said was redeemed of it, and whether its window had passed.
      told_ehash TEXT NOT NULL DEFAULT '0',
      told_sats INTEGER NOT NULL DEFAULT 0,
      told_over INTEGER NOT NULL DEFAULT 0 CHECK (told_over IN (0, 1))
    ) STRICT;
    CREATE INDEX epochs_of_report ON reported_epochs (report);

    -- A tree as it was in a report: the shares of an epoch, or what a keyset signed or took back; only where it had grown.
    CREATE TABLE report_trees (
      kind TEXT NOT NULL CHECK (kind IN ('shares', 'issued', 'spent')),
      -- The epoch or keyset.
      owner INTEGER NOT NULL,
      report INTEGER NOT NULL REFERENCES reports,
      leaves INTEGER NOT NULL CHECK (leaves > 0),
      -- Of the leaves behind the last whole chunk, 48 bytes each: hash and sum of their largest whole subtrees.
      peaks BLOB NOT NULL,
      PRIMARY KEY (kind, owner, report)
    ) STRICT;
    -- Subtrees of 4,096 leaves, so that a path is made from few rows: the last row that each counts, its hash and sum.
    CREATE TABLE tree_chunks (
      kind TEXT NOT NULL,
      owner INTEGER NOT NULL,
      chunk INTEGER NOT NULL,
      last_row INTEGER NOT NULL,
      node BLOB NOT NULL CHECK (length(node) = 48),
      PRIMARY KEY (kind, owner, chunk)
    ) STRICT;

    -- Shares that a later block has drawn, as they are shown: JSON.
    CREATE TABLE shown_samples (
      epoch INTEGER PRIMARY KEY REFERENCES epochs,
      body TEXT NOT NULL
    ) STRICT;
    -- Proofs that the keys of coins are there, made for a report: JSON.
    CREATE TABLE reserve_proofs (
      proof INTEGER PRIMARY KEY,
      report INTEGER NOT NULL REFERENCES reports,
      body TEXT NOT NULL UNIQUE
    ) STRICT;
    `;
