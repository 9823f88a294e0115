/** The chain as it was followed, and the blocks of the pools. */
export const chain = `
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
    `;
