/** Miners that are paid without a wallet: who asked for it, what they have, and where it goes. */
export const autoPayout = `
    -- Keys whose quotes become AUTO_PAID, by the last registration that they have signed.
    CREATE TABLE payout_keys (
      payout_key INTEGER PRIMARY KEY,
      public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 33),
      -- Of that registration: only a higher one replaces it.
      counter INTEGER NOT NULL,
      -- NULL where it was withdrawn.
      address TEXT,
      script BLOB,
      -- Sats from which on the balance is paid.
      threshold INTEGER NOT NULL,
      -- Sats that are owed and held for no payment, and all that were ever credited.
      balance INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0),
      credited INTEGER NOT NULL DEFAULT 0,
      -- How many epochs had a price when its quotes were last looked through, and how far a look that goes on has come.
      examined INTEGER NOT NULL DEFAULT 0,
      examined_quote INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX payable_balances ON payout_keys (balance) WHERE address IS NOT NULL;
    CREATE INDEX payout_keys_to_examine ON payout_keys (examined, payout_key) WHERE address IS NOT NULL;
    CREATE INDEX payout_keys_of_script ON payout_keys (script);

    -- What each key was credited of an epoch, ehash in decimal: rounded down once, however many batches it came in.
    CREATE TABLE payout_credits (
      payout_key INTEGER NOT NULL REFERENCES payout_keys,
      epoch INTEGER NOT NULL REFERENCES epochs,
      ehash TEXT NOT NULL,
      sats INTEGER NOT NULL CHECK (sats >= 0),
      PRIMARY KEY (payout_key, epoch)
    ) STRICT;

    -- What left a balance for one payment. A hold that was released is gone; one that was settled stays as its record.
    CREATE TABLE payout_holds (
      hold INTEGER PRIMARY KEY,
      payout_key INTEGER NOT NULL REFERENCES payout_keys,
      -- onchain: reference is the melt quote's id. coinbase: that of a pool's payouts. lost: the number of the loss.
      purpose TEXT NOT NULL CHECK (purpose IN ('onchain', 'coinbase', 'lost')),
      reference BLOB NOT NULL,
      sats INTEGER NOT NULL CHECK (sats > 0),
      -- Sats that have left the mint, fees included, and the outpoint or transaction; NULL while it is held.
      paid INTEGER CHECK (paid BETWEEN 0 AND sats),
      proof TEXT,
      UNIQUE (purpose, reference, payout_key)
    ) STRICT;
    CREATE INDEX payout_holds_of_key ON payout_holds (payout_key, hold);

    -- The part of what was redeemed that was credited to such keys.
    ALTER TABLE redemptions ADD COLUMN auto_ehash TEXT NOT NULL DEFAULT '0';
    ALTER TABLE redemptions ADD COLUMN auto_sats INTEGER NOT NULL DEFAULT 0;

    -- Quotes that are AUTO_PAID are counted, too.
    CREATE TABLE new_tallies (
      kind TEXT NOT NULL CHECK (kind IN ('created', 'issued', 'auto_paid', 'void')),
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62),
      writer INTEGER NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (kind, exponent, writer)
    ) STRICT;
    INSERT INTO new_tallies SELECT kind, exponent, writer, n FROM tallies;
    DROP TABLE tallies;
    ALTER TABLE new_tallies RENAME TO tallies;
    CREATE TABLE new_segment_tallies (
      segment INTEGER NOT NULL REFERENCES segments,
      kind TEXT NOT NULL CHECK (kind IN ('created', 'issued', 'auto_paid', 'void')),
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62),
      writer INTEGER NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (segment, kind, exponent, writer)
    ) STRICT;
    INSERT INTO new_segment_tallies SELECT segment, kind, exponent, writer, n FROM segment_tallies;
    DROP TABLE segment_tallies;
    ALTER TABLE new_segment_tallies RENAME TO segment_tallies;
    `;
