/** Units without epochs, and what is paid in and out over Lightning and the chain. */
export const payments = `
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
    `;
