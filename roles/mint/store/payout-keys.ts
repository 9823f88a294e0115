import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { bigInteger, blob, type Row, text } from './row.ts';

/** Credits, and payments, that are told of one key: the latest. */
const MOST_TOLD = 100;

/** What the owner of a key has signed, once it is checked. */
export interface PayoutRegistration {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  /** Where its sats go; undefined withdraws the registration. */
  readonly to: { readonly address: string; readonly script: Uint8Array } | undefined;
  /** Sats from which on its balance is paid. */
  readonly threshold: bigint;
}

/** What a key was credited of one epoch. */
export interface PayoutCredit {
  readonly unit: string;
  readonly ehash: bigint;
  readonly sats: bigint;
}

/** A payment to a key, under way or made. */
export interface KeyPayment {
  readonly purpose: string;
  /** Sats that are held for it. */
  readonly sats: bigint;
  /** What has left, fee included, once it was made. */
  readonly paid: bigint | undefined;
  /** The outpoint or transaction, once it was made. */
  readonly proof: string | undefined;
}

/** A key that was registered, as its owner is told. */
export interface PayoutKey {
  readonly publicKey: Uint8Array;
  readonly counter: number;
  /** Undefined where it was withdrawn. */
  readonly address: string | undefined;
  readonly threshold: bigint;
  /** Sats that are owed to it and held for nothing. */
  readonly balance: bigint;
  /** All that it was ever credited, in sats. */
  readonly credited: bigint;
  /** The latest first. */
  readonly credits: readonly PayoutCredit[];
  readonly payments: readonly KeyPayment[];
}

/** Registers keys whose quotes are paid out instead of minted. */
export function payoutKeyOperations(db: Database) {
  const hasQuote = db.prepare('SELECT 1 FROM quotes WHERE public_key = ? LIMIT 1');
  const byKey = db.prepare('SELECT * FROM payout_keys WHERE public_key = ?');
  byKey.setReadBigInts(true);
  // Numbered here: inputs of other operations name the row. How far its quotes were looked through stays, so that nobody
  // who registers without end has all others wait: a price since makes that begin anew in any case.
  const register = db.prepare(`
    INSERT INTO payout_keys (payout_key, public_key, counter, address, script, threshold)
    VALUES ((SELECT coalesce(max(payout_key), 0) + 1 FROM payout_keys), ?, ?, ?, ?, ?)
    ON CONFLICT (public_key) DO UPDATE SET counter = excluded.counter, address = excluded.address,
      script = excluded.script, threshold = excluded.threshold
    WHERE excluded.counter > payout_keys.counter RETURNING payout_key`);
  const credits = db.prepare(`
    SELECT unit, ehash, sats FROM payout_credits JOIN epochs USING (epoch)
    WHERE payout_key = ? ORDER BY epoch DESC LIMIT ?`);
  credits.setReadBigInts(true);
  const holds = db.prepare('SELECT * FROM payout_holds WHERE payout_key = ? ORDER BY hold DESC LIMIT ?');
  holds.setReadBigInts(true);

  const payoutKey = (publicKey: Uint8Array): PayoutKey | undefined => {
    const row = byKey.get(publicKey);
    if (!row) return undefined;
    const number = bigInteger(row, 'payout_key');
    return {
      ...keyOf(row),
      credits: credits.all(number, MOST_TOLD).map(creditOf),
      payments: holds.all(number, MOST_TOLD).map(paymentOf),
    };
  };

  return {
    /** How a key stands; undefined where it was never registered. */
    payoutKey,

    /**
     * Takes a registration in place of the key's last one. After the first all of its quotes are looked through. Other keys
     * that name its address are no matter: whoever mines with a hundred would keep its owner from being paid to it.
     * Preconditions: it was signed by the key, which has a quote; its counter is higher than the last one's.
     * @throws HashpoolError 'key-unknown', 'counter-too-low'
     */
    registerPayout: ({ publicKey, counter, to, threshold }: PayoutRegistration): PayoutKey | undefined => {
      if (!hasQuote.get(publicKey))
        throw cashuError('key-unknown', 'no share for this key is stored here; mine with it first');
      const values = [publicKey, counter, to?.address ?? null, to?.script ?? null, threshold] as const;
      if (register.get(...values)) return payoutKey(publicKey);
      const last = payoutKey(publicKey)?.counter;
      throw cashuError(
        'counter-too-low',
        `counter is ${counter}, that of the last registration ${last}; take a higher one`,
      );
    },
  };
}

function keyOf(row: Row): Omit<PayoutKey, 'credits' | 'payments'> {
  return {
    publicKey: blob(row, 'public_key'),
    counter: Number(bigInteger(row, 'counter')),
    address: row['address'] === null ? undefined : text(row, 'address'),
    threshold: bigInteger(row, 'threshold'),
    balance: bigInteger(row, 'balance'),
    credited: bigInteger(row, 'credited'),
  };
}

function creditOf(row: Row): PayoutCredit {
  return { unit: text(row, 'unit'), ehash: BigInt(text(row, 'ehash')), sats: bigInteger(row, 'sats') };
}

function paymentOf(row: Row): KeyPayment {
  return {
    purpose: text(row, 'purpose'),
    sats: bigInteger(row, 'sats'),
    paid: row['paid'] === null ? undefined : bigInteger(row, 'paid'),
    proof: row['proof'] === null ? undefined : text(row, 'proof'),
  };
}
