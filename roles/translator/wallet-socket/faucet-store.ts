import type { DatabaseSync } from 'node:sqlite';
import type { Schema } from '../../../runtime/sql/database.ts';

const DAY_MS = 24 * 3_600_000;

/** The faucet's book: what was given to whom in the last 24 hours, so that a restart forgets no limit. */
export const schema: Schema = {
  name: 'faucet',
  migrations: [
    `
    CREATE TABLE gifts (
      id INTEGER PRIMARY KEY,
      address TEXT NOT NULL,
      at INTEGER NOT NULL,
      amount INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX gifts_address ON gifts (address, at);
    CREATE INDEX gifts_at ON gifts (at, amount);
    `,
  ],
};

/** A gift that is asked for, and what may be given in 24 hours, in units. */
export interface GiftOrder {
  readonly address: string;
  readonly amount: number;
  readonly perAddress: number;
  readonly total: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A gift that is booked, or which limit stands against it until when (milliseconds since 1970). */
export type Booking =
  | { readonly id: number }
  | { readonly limit: 'address' | 'total'; readonly until: number };

export type FaucetOperations = {
  /** Books a gift before it is given: limits hold also for those that come at once, and over a kill. */
  book(order: GiftOrder): Booking;
  /** Takes back a booking whose gift could not be given. */
  cancel(id: number): void;
  /** What all were given in the 24 hours before `now`. */
  given(now: number): number;
};

export function operations(db: DatabaseSync): FaucetOperations {
  const forget = db.prepare('DELETE FROM gifts WHERE at <= ?');
  const ofAddress = db.prepare(
    'SELECT coalesce(sum(amount), 0) AS sum, min(at) AS first FROM gifts WHERE address = ?',
  );
  const ofAll = db.prepare(
    'SELECT coalesce(sum(amount), 0) AS sum, min(at) AS first FROM gifts WHERE at > ?',
  );
  const insert = db.prepare('INSERT INTO gifts (address, at, amount) VALUES (?, ?, ?) RETURNING id');
  const remove = db.prepare('DELETE FROM gifts WHERE id = ?');

  return {
    book: ({ address, amount, perAddress, total, now }) => {
      forget.run(now - DAY_MS);
      for (const [limit, row, most] of [
        ['address', ofAddress.get(address), perAddress],
        ['total', ofAll.get(0), total],
      ] as const) {
        if (Number(row?.['sum']) + amount > most) return { limit, until: Number(row?.['first']) + DAY_MS };
      }
      return { id: Number(insert.get(address, now, amount)?.['id']) };
    },
    cancel: (id) => {
      remove.run(id);
    },
    given: (now) => Number(ofAll.get(now - DAY_MS)?.['sum']),
  };
}
