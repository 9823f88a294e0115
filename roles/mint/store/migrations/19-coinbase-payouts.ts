/** Balances that are paid by the coinbases of blocks. */
export const coinbasePayouts = `
    -- What pools were told to pay in blocks on one prev hash, 32 bytes in header order, which is at that height: at most once for
    -- each, so that what a block pays tells whose balances these were. Old ones are dropped.
    CREATE TABLE payout_sets (
      payout_set INTEGER PRIMARY KEY,
      prev_hash BLOB NOT NULL UNIQUE CHECK (length(prev_hash) = 32),
      height INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX payout_sets_by_height ON payout_sets (height);
    CREATE TABLE payout_set_outputs (
      payout_set INTEGER NOT NULL REFERENCES payout_sets,
      position INTEGER NOT NULL,
      payout_key INTEGER NOT NULL REFERENCES payout_keys,
      sats INTEGER NOT NULL CHECK (sats > 0),
      script BLOB NOT NULL,
      PRIMARY KEY (payout_set, position)
    ) STRICT;
    CREATE INDEX payout_sets_of_key ON payout_set_outputs (payout_key);

    -- Blocks that pay outputs of the set of their prev hash, also those that the chain has left: as read from the chain.
    CREATE TABLE paying_coinbases (
      hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
      height INTEGER NOT NULL,
      txid BLOB NOT NULL CHECK (length(txid) = 32)
    ) STRICT;
    CREATE TABLE coinbase_payments (
      hash BLOB NOT NULL REFERENCES paying_coinbases,
      vout INTEGER NOT NULL,
      payout_key INTEGER NOT NULL REFERENCES payout_keys,
      sats INTEGER NOT NULL CHECK (sats > 0),
      PRIMARY KEY (hash, vout)
    ) STRICT;

    -- Blocks whose payments have left the balances; unowed is what they paid of balances that were paid otherwise.
    CREATE TABLE settled_coinbases (
      hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
      height INTEGER NOT NULL,
      paid INTEGER NOT NULL CHECK (paid >= 0),
      unowed INTEGER NOT NULL CHECK (unowed >= 0)
    ) STRICT;
    CREATE INDEX open_payout_holds ON payout_holds (purpose, payout_key, hold) WHERE paid IS NULL;
    `;
