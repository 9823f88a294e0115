import type { Schema } from '../../runtime/sql/database.ts';

/**
 * The wallet's tables. Every process that opens the file is equal: whoever reserves a counter, a quote or a
 * proof does so in a committed transaction before the mint hears of it, so two of them never use the same one.
 *
 * proofs      unspent -> reserved (by an operation) -> spent; a refused operation gives them back
 * quotes      what the mint holds for our lock keys: UNPAID -> PAID -> MINTED; the row stays for an hour more, so
 *             that a look-up which was under way meanwhile does not bring it back
 * operations  pending -> done | refused: all that is needed to ask the mint again after a kill at any point.
 *             Kind `send` is a token that was handed out: its proofs stay reserved until the mint says spent.
 */
export const walletSchema: Schema = {
  name: 'wallet',
  migrations: [
    `
    CREATE TABLE wallet (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      seed_fingerprint TEXT NOT NULL,
      restored_at INTEGER
    ) STRICT;

    CREATE TABLE keysets (
      id TEXT PRIMARY KEY,
      unit TEXT NOT NULL,
      active INTEGER NOT NULL,
      input_fee_ppk INTEGER NOT NULL,
      keys TEXT NOT NULL,
      next_counter INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE lock_keys (
      key_index INTEGER PRIMARY KEY,
      public_key TEXT NOT NULL UNIQUE,
      purpose TEXT UNIQUE,
      is_used INTEGER NOT NULL DEFAULT 0,
      news_at INTEGER NOT NULL,
      asked_at INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE operations (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL CHECK (kind IN ('mint', 'swap', 'receive', 'send')),
      state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'refused')),
      keyset_id TEXT REFERENCES keysets (id),
      first_counter INTEGER,
      amounts TEXT NOT NULL DEFAULT '[]',
      foreign_inputs TEXT,
      token TEXT,
      unit TEXT NOT NULL,
      pid INTEGER NOT NULL,
      since INTEGER NOT NULL,
      reason TEXT
    ) STRICT;
    CREATE INDEX operations_since ON operations (since) WHERE state != 'pending';
    CREATE INDEX operations_pending ON operations (since) WHERE state = 'pending';

    CREATE TABLE quotes (
      id TEXT PRIMARY KEY,
      key_index INTEGER NOT NULL REFERENCES lock_keys (key_index),
      unit TEXT NOT NULL,
      amount INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('UNPAID', 'PAID', 'MINTED')),
      seen_at INTEGER NOT NULL,
      operation INTEGER REFERENCES operations (id),
      refused_at INTEGER,
      refusal TEXT
    ) STRICT;
    CREATE INDEX quotes_mintable ON quotes (unit, refused_at) WHERE state = 'PAID' AND operation IS NULL;
    CREATE INDEX quotes_of_key ON quotes (key_index, seen_at);
    CREATE INDEX quotes_operation ON quotes (operation) WHERE operation IS NOT NULL;

    CREATE TABLE proofs (
      secret TEXT PRIMARY KEY,
      keyset_id TEXT NOT NULL REFERENCES keysets (id),
      amount INTEGER NOT NULL,
      c TEXT NOT NULL,
      dleq_e TEXT NOT NULL,
      dleq_s TEXT NOT NULL,
      dleq_r TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('unspent', 'reserved', 'spent')),
      operation INTEGER REFERENCES operations (id),
      since INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX proofs_state ON proofs (state, keyset_id, amount);
    CREATE INDEX proofs_spent ON proofs (since) WHERE state = 'spent';
    CREATE INDEX proofs_operation ON proofs (operation) WHERE operation IS NOT NULL;
    `,
  ],
};
