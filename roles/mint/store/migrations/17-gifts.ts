/** Which blocks gave what to which epoch. */
export const gifts = `
    -- What blocks that are no boundaries gave to an epoch, in satoshis; epochs.gifts is their sum. Rows of epochs whose price is fixed stay.
    CREATE TABLE gifts (
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      pool_id BLOB NOT NULL CHECK (length(pool_id) = 33),
      epoch INTEGER NOT NULL REFERENCES epochs,
      sats INTEGER NOT NULL CHECK (sats > 0),
      PRIMARY KEY (hash, pool_id, epoch)
    ) STRICT;
    CREATE INDEX gifts_of_epoch ON gifts (epoch);
    INSERT INTO gifts (hash, pool_id, epoch, sats)
      SELECT b.hash, b.pool_id, e.epoch, b.value FROM epochs AS e
        JOIN pool_blocks AS b ON b.pool_id = e.pool_id AND b.height > e.opened_height
          AND (e.closed_height IS NULL OR b.height < e.closed_height)
        JOIN chain AS c ON c.hash = b.hash
      WHERE e.gifts > 0 AND e.standing = 'live' AND b.value > 0 AND b.coinbase_value IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM epochs AS o WHERE o.opened_hash = b.hash AND o.standing <> 'dissolved');

    CREATE INDEX epochs_by_closing ON epochs (closed_hash);
    `;
