/** Epochs that blocks open and close. */
export const epochs = `
    -- The boundary that opens an epoch, in header order; NULL for a pool's first, which a height has opened.
    ALTER TABLE epochs ADD COLUMN opened_hash BLOB CHECK (length(opened_hash) = 32);
    -- unproven: its block pays the pool and is no share of the pool's yet. live: opened by a boundary of the chain.
    -- dissolved: its block is no boundary any more. stranded: the same, after some of its ehash was given out.
    ALTER TABLE epochs ADD COLUMN standing TEXT NOT NULL DEFAULT 'live'
      CHECK (standing IN ('unproven', 'live', 'dissolved', 'stranded'));
    -- As published when it opened: the operator's part of the reward in millionths, and for how many blocks it can be redeemed.
    ALTER TABLE epochs ADD COLUMN fee_ppm INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE epochs ADD COLUMN window_blocks INTEGER NOT NULL DEFAULT 52560;
    -- The epoch whose reward a stranded one shares.
    ALTER TABLE epochs ADD COLUMN merged_into INTEGER REFERENCES epochs;
    -- The boundary that closes it, and the whole value of its coinbase in satoshis.
    ALTER TABLE epochs ADD COLUMN closed_hash BLOB CHECK (length(closed_hash) = 32);
    ALTER TABLE epochs ADD COLUMN closed_height INTEGER;
    ALTER TABLE epochs ADD COLUMN reward INTEGER;
    -- What blocks that are no shares of the pool paid to its script meanwhile.
    ALTER TABLE epochs ADD COLUMN gifts INTEGER NOT NULL DEFAULT 0;
    -- The price once it is fixed, at which height, for how much ehash (in decimal): NULL before. Nothing of such a row moves.
    ALTER TABLE epochs ADD COLUMN priced_height INTEGER;
    ALTER TABLE epochs ADD COLUMN priced_reward INTEGER;
    ALTER TABLE epochs ADD COLUMN priced_fee INTEGER;
    ALTER TABLE epochs ADD COLUMN priced_work TEXT;
    CREATE INDEX unpriced_epochs ON epochs (pool_id, opened_height) WHERE priced_height IS NULL;
    CREATE INDEX stranded_epochs ON epochs (pool_id) WHERE standing = 'stranded' AND merged_into IS NULL;

    -- The block that a segment begins with, NULL for a pool's first; and the segment before it on that block's chain.
    ALTER TABLE segments ADD COLUMN boundary_hash BLOB CHECK (length(boundary_hash) = 32);
    ALTER TABLE segments ADD COLUMN previous INTEGER REFERENCES segments;
    CREATE INDEX segments_of_boundary ON segments (boundary_hash);
    CREATE INDEX segments_of_epoch ON segments (epoch);
    CREATE INDEX keysets_of_epoch ON keysets (epoch);

    -- What is in each segment, counted as tallies are.
    CREATE TABLE segment_tallies (
      segment INTEGER NOT NULL REFERENCES segments,
      kind TEXT NOT NULL CHECK (kind IN ('created', 'issued', 'void')),
      exponent INTEGER NOT NULL CHECK (exponent BETWEEN 0 AND 62),
      writer INTEGER NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (segment, kind, exponent, writer)
    ) STRICT;
    INSERT INTO segment_tallies SELECT segment, 'created', exponent, 0, count(*) FROM quotes GROUP BY segment, exponent;
    INSERT INTO segment_tallies
      SELECT segment, 'issued', exponent, 0, count(*) FROM quotes WHERE outcome = 1 GROUP BY segment, exponent;
    INSERT INTO segment_tallies
      SELECT segment, 'void', exponent, 0, count(*) FROM quotes WHERE outcome = 3 GROUP BY segment, exponent;

    -- Quotes of shares that came after the price of their own epoch was fixed, and so are in a later one.
    CREATE TABLE late_quotes (
      quote INTEGER PRIMARY KEY REFERENCES quotes,
      epoch INTEGER NOT NULL REFERENCES epochs
    ) STRICT;

    -- The height of the highest block that an outbox's work builds on: what is on lower ones has all come.
    ALTER TABLE outboxes ADD COLUMN reached_height INTEGER NOT NULL DEFAULT 0;

    -- All that the coinbase pays; NULL where the block could not be read, or was followed before epochs were closed by blocks.
    ALTER TABLE pool_blocks ADD COLUMN coinbase_value INTEGER;
    `;
