/** Rewards of pools in front of an upstream, which pays over Lightning. */
export const lightningRewards = `
    -- Invoices that an operator asks for by a command; the mint makes them. trouble says why there is none yet.
    CREATE TABLE reward_requests (
      reward_request INTEGER PRIMARY KEY,
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      sats INTEGER NOT NULL CHECK (sats > 0),
      memo TEXT NOT NULL,
      -- Milliseconds since 1970.
      asked_at INTEGER NOT NULL,
      trouble TEXT
    ) STRICT;

    -- An invoice that the mint made, once for each request. paid is what came in, once; epoch is the one that it has backed since
    -- that was closed, and NULL while it backs the open one.
    CREATE TABLE reward_invoices (
      reward_request INTEGER PRIMARY KEY,
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      request TEXT NOT NULL,
      lookup TEXT NOT NULL UNIQUE,
      -- Unix seconds.
      expiry INTEGER,
      paid INTEGER CHECK (paid > 0),
      epoch INTEGER REFERENCES epochs
    ) STRICT;
    CREATE INDEX rewards_received ON reward_invoices (pool_id) WHERE paid IS NOT NULL AND epoch IS NULL;
    CREATE INDEX rewards_of_epoch ON reward_invoices (epoch) WHERE epoch IS NOT NULL;
    `;
