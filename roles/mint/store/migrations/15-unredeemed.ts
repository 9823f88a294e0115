/** Where what nobody redeemed goes. */
export const unredeemed = `
    -- What was left of epochs whose window had passed, for the next reward of their pool; into_epoch is NULL until that has its price.
    CREATE TABLE carried (
      epoch INTEGER PRIMARY KEY REFERENCES epochs,
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      sats INTEGER NOT NULL CHECK (sats > 0),
      into_epoch INTEGER REFERENCES epochs
    ) STRICT;
    CREATE INDEX carried_on ON carried (pool_id) WHERE into_epoch IS NULL;
    `;
