/** What each pool may still report in an hour. */
export const poolHours = `
    -- Hashes of the quotes that a pool's work became in each minute of the last hour, in decimal: they pass 2^63.
    CREATE TABLE pool_hours (
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      step INTEGER NOT NULL,
      hashes TEXT NOT NULL,
      PRIMARY KEY (pool_id, step)
    ) STRICT;
    `;
