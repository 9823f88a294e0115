/** Server ids of pools. */
export const leases = `
    -- Which outbox mines with which server id, and until when, in milliseconds since 1970.
    CREATE TABLE leases (
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      server_id INTEGER NOT NULL,
      outbox_id BLOB NOT NULL,
      until INTEGER NOT NULL,
      PRIMARY KEY (pool_id, server_id)
    ) STRICT;
    `;
