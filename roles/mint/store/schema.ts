import type { Schema } from '../../../runtime/sql/database.ts';
import { JOURNAL_TABLE } from '../../../runtime/sql/journal/journal.ts';

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
 * | P1    | a backend makes a request        | nothing; nobody was told of it                                     |
 * | P2    | mint quote, then answered        | the quote, which nobody may have heard of                          |
 * | P3    | the backend tells of a payment   | nothing; the watermark has not moved, and it tells of it again     |
 * | P4    | receipts, quotes paid, watermark | a quote that is PAID; who asks for its state is told               |
 * | P5    | NUT-20 checked, outputs signed   | nothing; the quote is still PAID, the signatures never left memory |
 * | P6    | amount issued and signatures     | an answer that got lost; NUT-09 gives the signatures again         |
 * | L1    | proofs and blank outputs checked | nothing; the proofs are still unspent                              |
 * | L2    | quote PENDING, both held         | a key that the backend never heard of: the next start pays it      |
 * | L3    | the backend pays                 | the key of a payment that was made: the next start looks it up     |
 * | L4    | change signed                    | the same; the signatures never left memory                         |
 * | L5    | PAID, Ys spent, change           | an answer that got lost; the quote's state gives proof and change  |
 * | L6    | or UNPAID, proofs free           | an answer that got lost; the quote's state says so                 |
 * | I1    | melt of an own quote: as L1, L4  | nothing; the proofs are still unspent                              |
 * | I2    | as P4, L2 and L5 in one          | an answer that got lost; the states of both quotes give it         |
 *
 * tests/faults kills the mint at the end of each line from M1 on that writes or calls: see `faultPoint`.
 *
 * Where a journal is kept, each line with a 2 is on the disk in the journal before it is in the database; the table of
 * runtime/sql/journal/journal.ts says what a crash between the two leaves.
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
    `
    -- A keyset belongs to a unit; one of ehash to an epoch as well.
    ALTER TABLE keysets ADD COLUMN unit TEXT NOT NULL DEFAULT '';
    UPDATE keysets SET unit = (SELECT epochs.unit FROM epochs WHERE epochs.epoch = keysets.epoch);
    ALTER TABLE keysets ADD COLUMN input_fee_ppk INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE keysets ADD COLUMN final_expiry INTEGER;
    ALTER TABLE keysets ADD COLUMN epoch_or_none INTEGER REFERENCES epochs;
    UPDATE keysets SET epoch_or_none = epoch;
    ALTER TABLE keysets DROP COLUMN epoch;
    ALTER TABLE keysets RENAME COLUMN epoch_or_none TO epoch;
    CREATE UNIQUE INDEX keysets_of_unit ON keysets (unit, derivation_index);

    -- Quotes that are paid from outside: an invoice once, an address as often as somebody pays to it.
    CREATE TABLE mint_quotes (
      mint_quote INTEGER PRIMARY KEY,
      id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
      method TEXT NOT NULL,
      unit TEXT NOT NULL,
      -- What is paid, and by what the backend names it: an invoice and its payment hash, an address.
      request TEXT NOT NULL,
      lookup TEXT NOT NULL,
      -- NULL where it is the payer's choice.
      amount INTEGER,
      public_key BLOB CHECK (length(public_key) = 33),
      expiry INTEGER,
      amount_paid INTEGER NOT NULL DEFAULT 0,
      amount_issued INTEGER NOT NULL DEFAULT 0,
      CHECK (amount_issued BETWEEN 0 AND amount_paid),
      UNIQUE (method, lookup)
    ) STRICT;

    -- Payments that came in, each once, however often the backend tells of it; one that came too late credits 0.
    CREATE TABLE receipts (
      receipt INTEGER PRIMARY KEY,
      method TEXT NOT NULL,
      payment_id TEXT NOT NULL,
      mint_quote INTEGER NOT NULL REFERENCES mint_quotes,
      amount INTEGER NOT NULL,
      credited INTEGER NOT NULL,
      UNIQUE (method, payment_id)
    ) STRICT;

    -- Up to where a backend has told of its payments.
    CREATE TABLE watermarks (
      method TEXT PRIMARY KEY,
      position TEXT NOT NULL
    ) STRICT;

    CREATE TABLE melt_quotes (
      melt_quote INTEGER PRIMARY KEY,
      id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
      method TEXT NOT NULL,
      unit TEXT NOT NULL,
      request TEXT NOT NULL,
      -- What must not be paid twice: an invoice's payment hash; NULL for an address.
      lookup TEXT,
      amount INTEGER NOT NULL,
      fee_options TEXT NOT NULL,
      expiry INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('UNPAID', 'PENDING', 'PAID')),
      -- Of the payment under way: which try it is, at what fee, and what the inputs bring after their own fee.
      attempt INTEGER NOT NULL DEFAULT 0,
      selected_fee INTEGER,
      provided INTEGER,
      -- Who pays or looks it up, in milliseconds since 1970: until then, nobody else does.
      claimed_until INTEGER NOT NULL DEFAULT 0,
      -- Preimage or outpoint; the fee that was paid; the blinded messages that were signed as change, one after the other.
      proof TEXT,
      fee_paid INTEGER,
      change BLOB
    ) STRICT;
    CREATE UNIQUE INDEX requests_paid_once ON melt_quotes (lookup) WHERE state <> 'UNPAID';
    CREATE INDEX pending_melts ON melt_quotes (melt_quote) WHERE state = 'PENDING';

    -- A proof is here or in spent, never in both; a blinded message here or in signatures.
    CREATE TABLE pending_inputs (
      pending_input INTEGER PRIMARY KEY,
      y BLOB NOT NULL UNIQUE CHECK (length(y) = 33),
      keyset INTEGER NOT NULL REFERENCES keysets,
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62),
      witness TEXT,
      melt_quote INTEGER NOT NULL REFERENCES melt_quotes
    ) STRICT;
    CREATE INDEX pending_inputs_of_melt ON pending_inputs (melt_quote);
    CREATE TABLE pending_outputs (
      pending_output INTEGER PRIMARY KEY,
      blinded BLOB NOT NULL UNIQUE CHECK (length(blinded) = 33),
      keyset INTEGER NOT NULL REFERENCES keysets,
      melt_quote INTEGER NOT NULL REFERENCES melt_quotes
    ) STRICT;
    CREATE INDEX pending_outputs_of_melt ON pending_outputs (melt_quote);
    `,
    `
    -- The active chain as it was followed, hashes in header order. is_read is 0 where the node had pruned the block.
    CREATE TABLE chain (
      height INTEGER NOT NULL,
      hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
      is_read INTEGER NOT NULL CHECK (is_read IN (0, 1)),
      PRIMARY KEY (height)
    ) STRICT;
    CREATE INDEX unread_blocks ON chain (height) WHERE is_read = 0;

    -- Blocks that pay a pool's script or are a share of its, also those that the chain has left: how one stands
    -- follows from chain, and told is how it stood when that was told last.
    CREATE TABLE pool_blocks (
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      height INTEGER NOT NULL,
      -- Satoshis to the script; NULL where the block could not be read.
      value INTEGER,
      told TEXT CHECK (told IN ('found', 'confirmed', 'orphaned')),
      PRIMARY KEY (hash, pool_id)
    ) STRICT;
    CREATE INDEX blocks_of_pool ON pool_blocks (pool_id, height);
    `,
    `
    -- What unlocked a locked proof, as its spender sent it: wallets ask for the preimage (NUT-07, NUT-14).
    ALTER TABLE spent ADD COLUMN witness TEXT;
    `,
    `
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
    `,
    `
    ${JOURNAL_TABLE}
    -- Up to where an outbox's work is in every backup that is kept.
    ALTER TABLE outboxes ADD COLUMN backed_up_seq INTEGER NOT NULL DEFAULT 0;
    -- The last of losses that it has gone back to.
    ALTER TABLE outboxes ADD COLUMN loss INTEGER NOT NULL DEFAULT 0;

    -- Times when the mint went on from an older copy without what came after it. Work on blocks up to height may have
    -- been paid before; NULL until the node has said where the chain stands.
    CREATE TABLE losses (
      loss INTEGER PRIMARY KEY,
      accepted_at INTEGER NOT NULL,
      statement TEXT NOT NULL,
      height INTEGER
    ) STRICT;
    -- Quotes of any method that were open then: they may have been issued, and never are again.
    ALTER TABLE mint_quotes ADD COLUMN is_lost INTEGER NOT NULL DEFAULT 0 CHECK (is_lost IN (0, 1));
    `,
    `
    -- Hashes of the quotes that a pool's work became in each minute of the last hour, in decimal: they pass 2^63.
    CREATE TABLE pool_hours (
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      step INTEGER NOT NULL,
      hashes TEXT NOT NULL,
      PRIMARY KEY (pool_id, step)
    ) STRICT;
    `,
    `
    -- In the order of the list that is asked for: SQLite's end with the key by themselves, PostgreSQL's do not.
    DROP INDEX quotes_of_key;
    CREATE INDEX quotes_of_key ON quotes (public_key, quote);
    DROP INDEX open_quotes_of_key;
    CREATE INDEX open_quotes_of_key ON quotes (public_key, quote) WHERE outcome IN (0, 4);
    `,
  ],
};
