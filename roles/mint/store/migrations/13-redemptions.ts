/** What became of the rewards of epochs. */
export const redemptions = `
    -- What was redeemed of an epoch: ehash in decimal, since it passes 2^63, and the sats given for it. Nothing tells whose it was.
    CREATE TABLE redemptions (
      epoch INTEGER PRIMARY KEY REFERENCES epochs,
      ehash TEXT NOT NULL,
      sats INTEGER NOT NULL CHECK (sats >= 0),
      n INTEGER NOT NULL,
      -- The chain's height when its window had passed and the rest went elsewhere; NULL before.
      expired_height INTEGER
    ) STRICT;

    -- The books of sats. Each posting takes an amount from one account and gives it to another, so that they are always in
    -- balance; those of one kind and epoch are added up.
    CREATE TABLE postings (
      epoch INTEGER NOT NULL REFERENCES epochs,
      giver TEXT NOT NULL,
      taker TEXT NOT NULL CHECK (taker <> giver),
      sats INTEGER NOT NULL CHECK (sats >= 0),
      n INTEGER NOT NULL,
      PRIMARY KEY (epoch, giver, taker)
    ) STRICT;
    `;
