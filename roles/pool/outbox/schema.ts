import type { Schema } from '../../../runtime/sql/database.ts';

/**
 * The pool's accepted shares, numbered from 1 and never changed. One row is one commit's shares, packed: a flush
 * to the disk then costs one row however many shares wait for it.
 */
export const schema: Schema = {
  name: 'outbox',
  migrations: [
    `
    CREATE TABLE outbox (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      outbox_id BLOB NOT NULL CHECK (length(outbox_id) = 16),
      stored_seq INTEGER NOT NULL DEFAULT 0,
      backed_up_seq INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE commits (
      first_seq INTEGER PRIMARY KEY,
      count INTEGER NOT NULL CHECK (count > 0),
      records BLOB NOT NULL CHECK (length(records) = 114 * count)
    ) STRICT;

    -- Where the shares on a prev hash begin, so that duplicates are known after a restart.
    CREATE TABLE prev_hashes (
      prev_hash BLOB PRIMARY KEY,
      first_seq INTEGER NOT NULL
    ) STRICT;

    -- Shares that the mint does not pay, and why.
    CREATE TABLE refusals (
      seq INTEGER PRIMARY KEY,
      reason TEXT NOT NULL
    ) STRICT;

    -- What the mint said last that it pays for.
    CREATE TABLE terms (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      policy TEXT NOT NULL CHECK (policy IN ('target', 'hash')),
      minimum_difficulty INTEGER NOT NULL,
      unit TEXT NOT NULL,
      keyset_id BLOB NOT NULL
    ) STRICT;
    `,
    `
    -- Found blocks, all that a template provider needs to put each together again.
    CREATE TABLE blocks (
      hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
      header BLOB NOT NULL CHECK (length(header) = 80),
      template_id TEXT NOT NULL,
      coinbase_tx BLOB NOT NULL,
      fate TEXT CHECK (fate IN ('seen', 'given-up'))
    ) STRICT;
    `,
    `
    -- How the mint, which watches the chain, said last that a block stands; NULL where it never spoke of it.
    ALTER TABLE blocks ADD COLUMN state TEXT CHECK (state IN ('found', 'confirmed', 'orphaned'));
    ALTER TABLE blocks ADD COLUMN height INTEGER;
    ALTER TABLE blocks ADD COLUMN confirmations INTEGER;
    `,
    `
    -- The server id that the mint leased last; none before.
    ALTER TABLE outbox ADD COLUMN server_id INTEGER;
    `,
    `
    -- What the shares of a job have in common besides their headers: its coinbase, before and behind the extranonce, and
    -- the path from there to the header's merkle root, 32 bytes each.
    CREATE TABLE jobs (
      job INTEGER PRIMARY KEY,
      coinbase_prefix BLOB NOT NULL,
      coinbase_suffix BLOB NOT NULL,
      merkle_path BLOB NOT NULL
    ) STRICT;
    -- For each record of a commit its job's number, 4 bytes, the length of its extranonce and that; NULL where they are from before.
    ALTER TABLE commits ADD COLUMN origins BLOB;
    `,
  ],
};
