/** What a mint of ehash keeps: epochs and their segments, the quotes of shares, signatures and spent proofs. */
export const epochsAndQuotes = `
    CREATE TABLE epochs (
      epoch INTEGER PRIMARY KEY,
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      opened_height INTEGER NOT NULL,
      unit TEXT NOT NULL UNIQUE,
      policy TEXT NOT NULL CHECK (policy IN ('target', 'hash')),
      minimum_difficulty INTEGER NOT NULL,
      is_final INTEGER NOT NULL CHECK (is_final IN (0, 1))
    ) STRICT;

    CREATE TABLE segments (
      segment INTEGER PRIMARY KEY,
      epoch INTEGER NOT NULL REFERENCES epochs,
      boundary_height INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE keysets (
      keyset INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      epoch INTEGER NOT NULL REFERENCES epochs,
      derivation_index INTEGER NOT NULL,
      is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
      -- The points for 2^0 … 2^62, 33 bytes each.
      public_keys BLOB NOT NULL CHECK (length(public_keys) = 33 * 63)
    ) STRICT;

    CREATE TABLE quotes (
      quote INTEGER PRIMARY KEY,
      id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
      share_hash BLOB NOT NULL UNIQUE CHECK (length(share_hash) = 32),
      public_key BLOB NOT NULL CHECK (length(public_key) = 33),
      k INTEGER NOT NULL,
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62),
      segment INTEGER NOT NULL REFERENCES segments,
      outcome INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 4)
    ) STRICT;
    CREATE INDEX quotes_of_key ON quotes (public_key);
    -- Outcomes 0 and 4: what a wallet still has to collect stays quick to find among what it has collected.
    CREATE INDEX open_quotes_of_key ON quotes (public_key) WHERE outcome IN (0, 4);

    CREATE TABLE outboxes (
      outbox INTEGER PRIMARY KEY,
      outbox_id BLOB NOT NULL,
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      stored_seq INTEGER NOT NULL,
      refused INTEGER NOT NULL DEFAULT 0,
      conflicts INTEGER NOT NULL DEFAULT 0,
      UNIQUE (pool_id, outbox_id)
    ) STRICT;

    -- Quotes whose prev hash the node does not know yet: outcome 4, segment provisional.
    CREATE TABLE waiting (
      quote INTEGER PRIMARY KEY REFERENCES quotes,
      outbox INTEGER NOT NULL REFERENCES outboxes,
      seq INTEGER NOT NULL,
      header BLOB NOT NULL CHECK (length(header) = 80)
    ) STRICT;

    CREATE TABLE refusals (
      refusal INTEGER PRIMARY KEY,
      outbox INTEGER NOT NULL REFERENCES outboxes,
      seq INTEGER NOT NULL,
      reason TEXT NOT NULL,
      header BLOB NOT NULL,
      k INTEGER NOT NULL,
      public_key BLOB NOT NULL,
      UNIQUE (outbox, seq)
    ) STRICT;

    -- The same share again with another key or k: the first one holds, the claim is kept.
    CREATE TABLE conflicts (
      conflict INTEGER PRIMARY KEY,
      outbox INTEGER NOT NULL REFERENCES outboxes,
      seq INTEGER NOT NULL,
      quote INTEGER NOT NULL REFERENCES quotes,
      k INTEGER NOT NULL,
      public_key BLOB NOT NULL,
      UNIQUE (outbox, seq)
    ) STRICT;

    -- No column says which quote or proofs a signature was made for, but for a melt's change: there is no trail of who paid whom.
    CREATE TABLE signatures (
      signature INTEGER PRIMARY KEY,
      blinded BLOB NOT NULL UNIQUE CHECK (length(blinded) = 33),
      keyset INTEGER NOT NULL REFERENCES keysets,
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62),
      -- C_ ‖ e ‖ s: the blind signature and its proof (NUT-12).
      signed BLOB NOT NULL CHECK (length(signed) = 97)
    ) STRICT;

    CREATE TABLE spent (
      spent INTEGER PRIMARY KEY,
      y BLOB NOT NULL UNIQUE CHECK (length(y) = 33),
      keyset INTEGER NOT NULL REFERENCES keysets,
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62)
    ) STRICT;
    `;
