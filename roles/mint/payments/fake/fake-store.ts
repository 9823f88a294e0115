import type { Database, Row, Schema } from '../../../../runtime/sql/database.ts';
import { bigInteger, text } from '../../store/row.ts';
import type { FakeEnd } from './instructions.ts';

/**
 * What the fake network remembers, so that a mint that was killed finds its payments again: in a file of its own, or in
 * the mint's PostgreSQL database, where all its processes see one network.
 */
export const schema: Schema = {
  name: 'fake payments',
  migrations: [
    `
    CREATE TABLE fake_requests (
      request INTEGER PRIMARY KEY,
      method TEXT NOT NULL,
      lookup TEXT NOT NULL UNIQUE,
      amount INTEGER,
      -- Milliseconds since 1970 at which it is paid; NULL for never.
      due INTEGER
    ) STRICT;
    CREATE TABLE fake_incoming (
      incoming INTEGER PRIMARY KEY,
      method TEXT NOT NULL,
      lookup TEXT NOT NULL REFERENCES fake_requests (lookup),
      amount INTEGER NOT NULL,
      seen_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE fake_outgoing (
      outgoing INTEGER PRIMARY KEY,
      method TEXT NOT NULL,
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

/** @param data the method whose payments these are */
export function operations(db: Database, { method }: { readonly method: string }) {
  const addRequest = db.prepare('INSERT INTO fake_requests (method, lookup, amount) VALUES (?, ?, ?)');
  const unpaidOnes = `due IS NULL
      AND NOT EXISTS (SELECT 1 FROM fake_incoming WHERE fake_incoming.lookup = fake_requests.lookup)`;
  const makeDue = db.prepare(
    `UPDATE fake_requests SET due = ? WHERE lookup = ? AND amount IS NOT NULL AND ${unpaidOnes}`,
  );
  const makeAllDue = db.prepare(
    `UPDATE fake_requests SET due = ? WHERE method = ? AND amount IS NOT NULL AND ${unpaidOnes}`,
  );
  const due = db.prepare(
    'SELECT lookup, amount FROM fake_requests WHERE method = ? AND due <= ? ORDER BY due, request',
  );
  due.setReadBigInts(true);
  const settle = db.prepare('UPDATE fake_requests SET due = NULL WHERE lookup = ?');
  const addIncoming = db.prepare(
    'INSERT INTO fake_incoming (method, lookup, amount, seen_at) VALUES (?, ?, ?, ?)',
  );
  const after = db.prepare(
    'SELECT * FROM fake_incoming WHERE method = ? AND incoming > ? ORDER BY incoming LIMIT ?',
  );
  after.setReadBigInts(true);
  const unpaid = db.prepare(`SELECT 1 FROM fake_requests WHERE lookup = ? AND ${unpaidOnes}`);
  const addOutgoing = db.prepare(`
    INSERT INTO fake_outgoing (method, key, request, amount, fee, result) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO NOTHING`);
  const outgoing = db.prepare('SELECT * FROM fake_outgoing WHERE key = ?');
  outgoing.setReadBigInts(true);
  const sums = db.prepare(`
    SELECT (SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM fake_incoming WHERE method = ?) AS received,
      (SELECT CAST(coalesce(sum(amount + fee), 0) AS BIGINT) FROM fake_outgoing
        WHERE method = ? AND result = 'PAID') AS sent`);
  sums.setReadBigInts(true);

  return {
    addRequest: ({ lookup, amount }: { lookup: string; amount: bigint | undefined }): void => {
      addRequest.run(method, lookup, amount ?? null);
    },

    /** Lets a request of a known amount pay itself from a time on, in milliseconds since 1970. */
    makeDue: ({ lookup, due }: { lookup: string; due: number }): void => {
      makeDue.run(due, lookup);
    },

    /** The same for all that would never be paid. */
    makeAllDue: (due: number): void => {
      makeAllDue.run(due, method);
    },

    /** Somebody pays to a request. */
    deposit: ({ lookup, amount, seenAt }: Omit<FakeIncoming, 'incoming'>): void => {
      addIncoming.run(method, lookup, amount, seenAt);
    },

    /** Pays what is due at `now`, in milliseconds, and gives what came in after a number. */
    received: (asked: { now: number; after: number; limit: number }): FakeIncoming[] => {
      for (const row of due.all(method, asked.now)) {
        const lookup = text(row, 'lookup');
        addIncoming.run(method, lookup, bigInteger(row, 'amount'), Math.floor(asked.now / 1000));
        settle.run(lookup);
      }
      return after.all(method, asked.after, asked.limit).map(incomingOf);
    },

    /** Whether nobody has paid to a request, nor is about to. */
    isUnpaid: (lookup: string): boolean => unpaid.get(lookup) !== undefined,

    /** Makes a payment under its key, where there is none yet. */
    pay: ({ key, request, amount, fee, result }: FakeOutgoing): void => {
      addOutgoing.run(method, key, request, amount, fee, result);
    },

    outgoing: (key: string): FakeOutgoing | undefined => {
      const row = outgoing.get(key);
      return row && outgoingOf(row);
    },

    balance: (_: null): bigint => {
      const row = sums.get(method, method) ?? {};
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
