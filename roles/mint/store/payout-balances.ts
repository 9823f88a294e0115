import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { bigInteger, blob, type Row, text } from './row.ts';

/** More than any balance: the largest integer of a column. */
const MOST = 2n ** 63n - 1n;

/** What sats of a balance are held for: a payment on the chain, outputs of a coinbase, or nothing after a loss. */
export type HoldPurpose = 'onchain' | 'coinbase' | 'lost';

/** A balance that may be paid out. */
export interface PayableBalance {
  /** Names the key's row in the other operations. */
  readonly payoutKey: number;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly address: string;
  /** What the address stands for. */
  readonly script: Uint8Array;
  /** All that is held for nothing yet. */
  readonly sats: bigint;
}

/** Which balances are asked for. */
export interface PayableWanted {
  /** Sats. */
  readonly least: bigint;
  readonly limit: number;
  /** The last one of those before; undefined for the largest. */
  readonly after?: Pick<PayableBalance, 'sats' | 'payoutKey'> | undefined;
}

/** The payment that sats are held for. */
export interface HoldName {
  readonly purpose: HoldPurpose;
  /** What is paid, by its own name: a melt quote's id, a coinbase's payouts. Each key has one hold of a name. */
  readonly reference: Uint8Array;
}

export interface NewHolds extends HoldName {
  readonly holds: readonly { readonly payoutKey: number; readonly sats: bigint }[];
}

/** How a payment ended well. */
export interface SettledHolds extends HoldName {
  /** The outpoint or the transaction, for the miner to look at. */
  readonly proof: string;
  /** Sats of a single hold that the payment did not take; they go back to the balance. */
  readonly left?: bigint;
}

/**
 * Balances of keys that are paid without a wallet. A sat of a balance is free or held for one payment, never for two, and a
 * hold ends once: released it goes back, settled it has left the mint. Balance, holds and what was settled come to what
 * was credited; sat-books.ts holds that against the postings.
 */
export function payoutBalanceOperations(db: Database) {
  const payable = db.prepare(`
    SELECT payout_key, public_key, address, script, balance FROM payout_keys
    WHERE address IS NOT NULL AND balance >= ? AND balance >= threshold
      AND (balance < ? OR (balance = ? AND payout_key > ?)) AND script NOT IN (
        SELECT o.script FROM payout_holds AS h JOIN payout_keys AS o USING (payout_key)
        WHERE h.purpose = 'onchain' AND h.paid IS NULL AND o.script IS NOT NULL)
    ORDER BY balance DESC, payout_key LIMIT ?`);
  payable.setReadBigInts(true);
  const take = db.prepare(`
    UPDATE payout_keys SET balance = balance - ?
    WHERE payout_key = ? AND balance >= ? AND address IS NOT NULL RETURNING payout_key`);
  const give = db.prepare('UPDATE payout_keys SET balance = balance + ? WHERE payout_key = ?');
  const hold = db.prepare(`
    INSERT INTO payout_holds (payout_key, purpose, reference, sats) VALUES (?, ?, ?, ?)
    ON CONFLICT (purpose, reference, payout_key) DO NOTHING RETURNING hold`);
  const held = db.prepare(`
    SELECT hold, payout_key, sats FROM payout_holds
    WHERE purpose = ? AND reference = ? AND paid IS NULL ORDER BY hold`);
  held.setReadBigInts(true);
  const drop = db.prepare('DELETE FROM payout_holds WHERE hold = ?');
  const settle = db.prepare('UPDATE payout_holds SET paid = ?, proof = ? WHERE hold = ?');

  const heldFor = ({ purpose, reference }: HoldName) => held.all(purpose, reference).map(heldOf);

  return {
    /**
     * Balances that have reached their own threshold and `least`, both in sats, the largest first; withdrawn registrations
     * have none, and an address has none while a payment to it is under way.
     */
    payableBalances: ({ least, limit, after }: PayableWanted): PayableBalance[] => {
      const { sats, payoutKey } = after ?? { sats: MOST, payoutKey: 0 };
      return payable.all(least, sats, sats, payoutKey, limit).map(payableOf);
    },

    /**
     * Takes sats from balances for a payment, all or nothing.
     * Preconditions: each key is registered and has so much, and no hold of that name.
     * @throws HashpoolError 'balance-changed' where one has not: look at the balances again
     */
    holdBalances: ({ purpose, reference, holds }: NewHolds): void => {
      for (const { payoutKey, sats } of holds) {
        if (!take.get(sats, payoutKey, sats))
          throw balanceChanged(payoutKey, `has no ${sats} sats to pay out`);
        if (!hold.get(payoutKey, purpose, reference, sats))
          throw balanceChanged(payoutKey, 'is paid by it already');
      }
    },

    /**
     * Gives what is held for a payment back to its balances: it will never be made.
     * @returns sats; 0 where nothing is held for it
     */
    releaseHeld: (name: HoldName): bigint => {
      const rows = heldFor(name);
      for (const { hold, payoutKey, sats } of rows) {
        drop.run(hold);
        give.run(sats, payoutKey);
      }
      return sumOf(rows);
    },

    /**
     * What is held for a payment has left the mint.
     * @returns sats that left; 0 where nothing is held for it
     * @throws HashpoolError 'bad-hold' where more is left than was held, or anything of several holds
     */
    settleHeld: ({ proof, left = 0n, ...name }: SettledHolds): bigint => {
      const rows = heldFor(name);
      if (rows.length === 0) return 0n;
      const sum = sumOf(rows);
      if (left < 0n || left > sum || (left > 0n && rows.length > 1)) {
        throw new HashpoolError('bad-hold', `${left} of ${sum} sats in ${rows.length} holds can't be left`);
      }
      for (const { hold, payoutKey, sats } of rows) {
        settle.run(sats - left, proof, hold);
        if (left > 0n) give.run(left, payoutKey);
      }
      return sum - left;
    },
  };
}

interface HeldRow {
  readonly hold: bigint;
  readonly payoutKey: bigint;
  readonly sats: bigint;
}

function heldOf(row: Row): HeldRow {
  const [hold, payoutKey] = [bigInteger(row, 'hold'), bigInteger(row, 'payout_key')];
  return { hold, payoutKey, sats: bigInteger(row, 'sats') };
}

function payableOf(row: Row): PayableBalance {
  return {
    payoutKey: Number(bigInteger(row, 'payout_key')),
    publicKey: blob(row, 'public_key'),
    address: text(row, 'address'),
    script: blob(row, 'script'),
    sats: bigInteger(row, 'balance'),
  };
}

function sumOf(rows: readonly HeldRow[]): bigint {
  return rows.reduce((sum, { sats }) => sum + sats, 0n);
}

/** What was read of a balance holds no more. @param what is so, behind the key's name */
export function balanceChanged(payoutKey: number, what: string): HashpoolError {
  return new HashpoolError(
    'balance-changed',
    `auto-payout key ${payoutKey} ${what}; look at the balances again`,
  );
}
