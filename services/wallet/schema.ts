import type { Schema } from '../../runtime/sql/database.ts';

/**
 * The wallet's tables. Every process that opens the file is equal: whoever reserves a counter, a quote or a
 * proof does so in a committed transaction before the mint hears of it, so two of them never use the same one.
 *
 * proofs      unspent -> reserved (by an operation) -> spent; a refused operation gives them back
 * quotes      what the mint holds for our lock keys, of shares and of Lightning invoices: UNPAID -> PAID -> MINTED; the row stays for an hour more, so
 *             that a look-up which was under way meanwhile does not bring it back
 * operations  pending -> done | refused: all that is needed to ask the mint again after a kill at any point.
 *             One with a token has handed it out: its proofs stay reserved until the mint says spent.
 * history     only ever grows, in the transactions that change the proofs
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
    // The kinds of operations are declared in journal.ts alone; quotes and proofs let go of the table while it changes.
    `
    CREATE TABLE old_operations AS SELECT * FROM operations;
    CREATE TABLE old_claims AS SELECT id, operation FROM quotes WHERE operation IS NOT NULL;
    CREATE TABLE old_holds AS SELECT secret, operation FROM proofs WHERE operation IS NOT NULL;
    UPDATE quotes SET operation = NULL;
    UPDATE proofs SET operation = NULL;
    DROP TABLE operations;

    CREATE TABLE operations (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'refused')),
      keyset_id TEXT REFERENCES keysets (id),
      first_counter INTEGER,
      amounts TEXT NOT NULL DEFAULT '[]',
      fee INTEGER NOT NULL DEFAULT 0,
      foreign_inputs TEXT,
      locked TEXT,
      token TEXT,
      note TEXT NOT NULL DEFAULT '',
      unit TEXT NOT NULL,
      pid INTEGER NOT NULL,
      since INTEGER NOT NULL,
      reason TEXT
    ) STRICT;
    CREATE INDEX operations_since ON operations (since) WHERE state != 'pending';
    CREATE INDEX operations_pending ON operations (since) WHERE state = 'pending';

    INSERT INTO operations
      (id, kind, state, keyset_id, first_counter, amounts, foreign_inputs, token, unit, pid, since, reason)
    SELECT id, kind, state, keyset_id, first_counter, amounts, foreign_inputs, token, unit, pid, since, reason
    FROM old_operations;
    UPDATE quotes SET operation = old.operation FROM old_claims old WHERE old.id = quotes.id;
    UPDATE proofs SET operation = old.operation FROM old_holds old WHERE old.secret = proofs.secret;
    DROP TABLE old_operations;
    DROP TABLE old_claims;
    DROP TABLE old_holds;

    CREATE TABLE history (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      unit TEXT NOT NULL,
      amount INTEGER NOT NULL,
      fee INTEGER NOT NULL,
      operations INTEGER NOT NULL DEFAULT 1,
      note TEXT NOT NULL
    ) STRICT;
    CREATE INDEX history_kind ON history (kind, unit, id);

    INSERT INTO history (at, kind, unit, amount, fee, note)
    SELECT unixepoch() * 1000, 'opening', k.unit, sum(p.amount), 0, 'held when this history began'
    FROM proofs p JOIN keysets k ON k.id = p.keyset_id LEFT JOIN operations o ON o.id = p.operation
    WHERE p.state = 'unspent' OR (p.state = 'reserved' AND o.token IS NULL)
    GROUP BY k.unit;
    `,
    `
    ALTER TABLE quotes ADD COLUMN method TEXT NOT NULL DEFAULT 'ehash';
    ALTER TABLE quotes ADD COLUMN expires_at INTEGER;
    ALTER TABLE operations ADD COLUMN melt TEXT;
    DROP INDEX quotes_mintable;
    CREATE INDEX quotes_mintable ON quotes (method, unit, refused_at) WHERE state = 'PAID' AND operation IS NULL;
    CREATE INDEX quotes_invoices ON quotes (seen_at) WHERE method = 'bolt11' AND state = 'UNPAID';
    `,
    'ALTER TABLE keysets ADD COLUMN final_expiry INTEGER',
    // Of keys whose quotes the mint pays to an address, and which are not asked after.
    'ALTER TABLE lock_keys ADD COLUMN is_auto_paid INTEGER NOT NULL DEFAULT 0',
    // Of the mint that it was first used with.
    'ALTER TABLE wallet ADD COLUMN mint_key TEXT',
  ],
};
