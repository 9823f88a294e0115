import type { Database, Row, Schema } from '../../../../runtime/sql/database.ts';
import { bigInteger, text } from '../../store/row.ts';
import type { FakeEnd } from './instructions.ts';

/** What the fake network remembers, on its own disk, so that a mint that was killed finds its payments again. */
export const schema: Schema = {
  name: 'fake payments',
  migrations: [
    `
    CREATE TABLE requests (
      request INTEGER PRIMARY KEY,
      lookup TEXT NOT NULL UNIQUE,
      amount INTEGER,
      -- Milliseconds since 1970 at which it is paid; NULL for never.
      due INTEGER
    ) STRICT;
    CREATE TABLE incoming (
      incoming INTEGER PRIMARY KEY,
      lookup TEXT NOT NULL REFERENCES requests (lookup),
      amount INTEGER NOT NULL,
      seen_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE outgoing (
      outgoing INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      request TEXT NOT NULL,
      amount INTEGER NOT NULL,
      fee INTEGER NOT NULL,
      result TEXT NOT NULL
    ) STRICT;
    `,
  ],
};

export interface FakeIncoming {
  readonly incoming: number;
  readonly lookup: string;
  readonly amount: bigint;
  /** Unix seconds. */
  readonly seenAt: number;
}

export interface FakeOutgoing {
  readonly key: string;
  readonly request: string;
  readonly amount: bigint;
  readonly fee: bigint;
  /** What look-ups find. */
  readonly result: FakeEnd;
}

export function operations(db: Database) {
  const addRequest = db.prepare('INSERT INTO requests (lookup, amount) VALUES (?, ?)');
  const makeDue = db.prepare('UPDATE requests SET due = ? WHERE lookup = ? AND amount IS NOT NULL');
  const due = db.prepare('SELECT lookup, amount FROM requests WHERE due <= ? ORDER BY due, request');
  due.setReadBigInts(true);
  const settle = db.prepare('UPDATE requests SET due = NULL WHERE lookup = ?');
  const addIncoming = db.prepare('INSERT INTO incoming (lookup, amount, seen_at) VALUES (?, ?, ?)');
  const after = db.prepare('SELECT * FROM incoming WHERE incoming > ? ORDER BY incoming LIMIT ?');
  after.setReadBigInts(true);
  const addOutgoing = db.prepare(`
    INSERT INTO outgoing (key, request, amount, fee, result) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`);
  const outgoing = db.prepare('SELECT * FROM outgoing WHERE key = ?');
  outgoing.setReadBigInts(true);
  const sums = db.prepare(`
    SELECT (SELECT coalesce(sum(amount), 0) FROM incoming) AS received,
      (SELECT coalesce(sum(amount + fee), 0) FROM outgoing WHERE result = 'PAID') AS sent`);
  sums.setReadBigInts(true);

  return {
    addRequest: ({ lookup, amount }: { lookup: string; amount: bigint | undefined }): void => {
      addRequest.run(lookup, amount ?? null);
    },

    /** Lets a request of a known amount pay itself from a time on, in milliseconds since 1970. */
    makeDue: ({ lookup, due }: { lookup: string; due: number }): void => {
      makeDue.run(due, lookup);
    },

    /** Somebody pays to a request. */
    deposit: ({ lookup, amount, seenAt }: Omit<FakeIncoming, 'incoming'>): void => {
      addIncoming.run(lookup, amount, seenAt);
    },

    /** Pays what is due at `now`, in milliseconds, and gives what came in after a number. */
    received: (asked: { now: number; after: number; limit: number }): FakeIncoming[] => {
      for (const row of due.all(asked.now)) {
        addIncoming.run(text(row, 'lookup'), bigInteger(row, 'amount'), Math.floor(asked.now / 1000));
        settle.run(text(row, 'lookup'));
      }
      return after.all(asked.after, asked.limit).map(incomingOf);
    },

    /** Makes a payment under its key, where there is none yet. */
    pay: ({ key, request, amount, fee, result }: FakeOutgoing): void => {
      addOutgoing.run(key, request, amount, fee, result);
    },

    outgoing: (key: string): FakeOutgoing | undefined => {
      const row = outgoing.get(key);
      return row && outgoingOf(row);
    },

    balance: (_: null): bigint => {
      const row = sums.get() ?? {};
      return bigInteger(row, 'received') - bigInteger(row, 'sent');
    },
  };
}

export type FakeOperations = ReturnType<typeof operations>;

function incomingOf(row: Row): FakeIncoming {
  return {
    incoming: Number(bigInteger(row, 'incoming')),
    lookup: text(row, 'lookup'),
    amount: bigInteger(row, 'amount'),
    seenAt: Number(bigInteger(row, 'seen_at')),
  };
}

function outgoingOf(row: Row): FakeOutgoing {
  const result = text(row, 'result');
  return {
    key: text(row, 'key'),
    request: text(row, 'request'),
    amount: bigInteger(row, 'amount'),
    fee: bigInteger(row, 'fee'),
    result: result === 'PAID' || result === 'PENDING' || result === 'FAILED' ? result : 'UNKNOWN',
  };
}
