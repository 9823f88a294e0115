import type { Schema } from '../../../runtime/sql/database.ts';

/**
 * The time series of one side. `at` is the begin of a step of `step` seconds, in Unix seconds; other times are Unix
 * milliseconds. Work is exact in two integers, `work_hi` of 2^32 hashes and `work_lo` below 2^32 a share, so that both
 * can be summed in SQL; so is ehash. `seconds` is how much of a step is known: what nobody told is no zero.
 */
export const schema: Schema = {
  name: 'stats',
  migrations: [
    `
    CREATE TABLE hashrate_samples (
      step INTEGER NOT NULL,
      at INTEGER NOT NULL,
      seconds INTEGER NOT NULL,
      shares INTEGER NOT NULL,
      rejected INTEGER NOT NULL,
      work_hi INTEGER NOT NULL,
      work_lo INTEGER NOT NULL,
      work_squares REAL NOT NULL,
      PRIMARY KEY (step, at)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE miner_samples (
      step INTEGER NOT NULL,
      at INTEGER NOT NULL,
      miner_id INTEGER NOT NULL,
      shares INTEGER NOT NULL,
      rejected INTEGER NOT NULL,
      work_hi INTEGER NOT NULL,
      work_lo INTEGER NOT NULL,
      work_squares REAL NOT NULL,
      PRIMARY KEY (step, at, miner_id)
    ) STRICT, WITHOUT ROWID;

    -- A miner of number 0 stands for all.
    CREATE TABLE rejects (
      step INTEGER NOT NULL,
      at INTEGER NOT NULL,
      miner_id INTEGER NOT NULL,
      reason TEXT NOT NULL,
      n INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      PRIMARY KEY (step, at, miner_id, reason)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE quote_history (
      step INTEGER NOT NULL,
      at INTEGER NOT NULL,
      created INTEGER NOT NULL,
      acknowledged INTEGER NOT NULL,
      refused INTEGER NOT NULL,
      ehash_hi INTEGER NOT NULL,
      ehash_lo INTEGER NOT NULL,
      delays_ms INTEGER NOT NULL,
      PRIMARY KEY (step, at)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE miners (
      id INTEGER NOT NULL PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      software TEXT NOT NULL,
      first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      last_share_at INTEGER,
      best_work TEXT
    ) STRICT;

    CREATE TABLE blocks (
      hash TEXT NOT NULL PRIMARY KEY,
      height INTEGER,
      state TEXT NOT NULL CHECK (state IN ('sent', 'found', 'confirmed', 'orphaned')),
      confirmations INTEGER NOT NULL,
      found_at INTEGER NOT NULL,
      value_sat INTEGER,
      miner_id INTEGER
    ) STRICT;
    CREATE INDEX blocks_by_time ON blocks (found_at);

    CREATE TABLE events (
      id INTEGER NOT NULL PRIMARY KEY,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
      subject TEXT NOT NULL,
      miner_id INTEGER,
      text TEXT NOT NULL
    ) STRICT;

    -- How many events of each role's process are in these tables.
    CREATE TABLE sources (role TEXT NOT NULL PRIMARY KEY, instance TEXT NOT NULL, taken INTEGER NOT NULL) STRICT;

    -- Sums since the first record, by name; numbers as decimal text, since they pass 2^63.
    CREATE TABLE totals (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;

    -- What a miner has done in windows of five minutes, by its name.
    CREATE VIEW miner_hashrate AS
      SELECT miners.name AS miner, (at / 300) * 300 AS window_start, 300 AS window_seconds,
        CAST(SUM(shares) AS BIGINT) AS shares,
        (CAST(SUM(work_hi) AS REAL) * 4294967296.0 + SUM(work_lo)) / 300.0 AS hashrate
      FROM miner_samples JOIN miners ON miners.id = miner_id
      WHERE step = 60
      GROUP BY miners.name, (at / 300) * 300;
    `,
    `
    ALTER TABLE miners ADD COLUMN state TEXT NOT NULL DEFAULT 'offline';
    -- 0: not known, since an older program has written the row.
    ALTER TABLE miners ADD COLUMN state_since INTEGER NOT NULL DEFAULT 0;
    `,
    `
    -- Steps of ten minutes came later than those of a minute, of which a day is there.
    INSERT INTO miner_samples (step, at, miner_id, shares, rejected, work_hi, work_lo, work_squares)
      SELECT 600, (at / 600) * 600, miner_id, SUM(shares), SUM(rejected), SUM(work_hi), SUM(work_lo), SUM(work_squares)
      FROM miner_samples WHERE step = 60 GROUP BY (at / 600) * 600, miner_id;
    `,
    `
    -- And of a day, of which two years are there in hours.
    INSERT INTO miner_samples (step, at, miner_id, shares, rejected, work_hi, work_lo, work_squares)
      SELECT 86400, (at / 86400) * 86400, miner_id, SUM(shares), SUM(rejected), SUM(work_hi), SUM(work_lo),
        SUM(work_squares)
      FROM miner_samples WHERE step = 3600 GROUP BY (at / 86400) * 86400, miner_id;
    `,
  ],
};
