import type { Schema } from '../../../runtime/sql/database.ts';

/**
 * The mint's tables. Rows are narrow, keyed by rowid, and everything that must happen once is a UNIQUE column.
 *
 * What is written when, and what a crash leaves behind. Each line is one transaction, synchronous=FULL; nothing
 * is answered before its line is on the disk, and what was signed for a transaction that fails is thrown away.
 *
 * | order | step                             | a crash right after it leaves                                      |
 * |-------|----------------------------------|--------------------------------------------------------------------|
 * | W1    | work arrives, is checked         | nothing; the pool's outbox sends it again                          |
 * | W2    | quotes, refusals, stored_seq     | the quotes; the same records again give the same quotes            |
 * | W3    | WorkAck                          | the pool knows, and drops nothing before a backup covers it        |
 * | M1    | NUT-20 checked, outputs signed   | nothing; the quote is still PAID, the signatures never left memory |
 * | M2    | quotes ISSUED and signatures     | an answer that got lost; NUT-09 gives the signatures again         |
 * | M3    | signatures answered              | nothing to do                                                      |
 * | S1    | proofs checked, outputs signed   | nothing; the proofs are still unspent                              |
 * | S2    | Ys spent and signatures          | an answer that got lost; NUT-09 gives the signatures again         |
 * | S3    | signatures answered              | nothing to do                                                      |
 *
 * Epochs own segments, one for each boundary on the chain, and segments own quotes: what a reorg moves is a
 * segment's row. Whether a quote is PAID stands in `epochs.is_final` and nowhere else.
 */
export const schema: Schema = {
  name: 'mint',
  migrations: [
    `
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

    -- No column says which quote or proofs a signature was made for: the mint keeps no trail of who paid whom.
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
    `,
    `
    -- Which outbox mines with which server id, and until when, in milliseconds since 1970.
    CREATE TABLE leases (
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      server_id INTEGER NOT NULL,
      outbox_id BLOB NOT NULL,
      until INTEGER NOT NULL,
      PRIMARY KEY (pool_id, server_id)
    ) STRICT;
    `,
  ],
};
