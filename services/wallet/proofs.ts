import type { DatabaseSync } from 'node:sqlite';
import { Amount, type Proof as CashuProof } from '@cashu/cashu-ts';
import { inTransaction } from '../../runtime/sql/database.ts';

/** A token of one amount: a secret with the mint's signature, and the proof that its published key made it. */
export interface Proof {
  readonly secret: string;
  readonly keysetId: string;
  readonly amount: bigint;
  /** Compressed point in hex. */
  readonly c: string;
  /** NUT-12, with the blinding factor; goes to people, never to the mint. */
  readonly dleq: { readonly e: string; readonly s: string; readonly r: string };
}

/** Sum of the proofs of one amount in one state. */
export interface ProofSum {
  readonly unit: string;
  readonly state: 'unspent' | 'reserved' | 'spent';
  readonly kind: string | undefined;
  readonly amount: bigint;
}

/** What changes something is part of the transaction that is open, or else one of its own. */
export interface Proofs {
  add(proofs: readonly Proof[], now: number): void;
  unspent(unit: string): Proof[];
  reserve(proofs: readonly Proof[], operation: number, now: number): void;
  /** Those an operation holds. */
  reservedBy(operation: number): Proof[];
  giveBack(operation: number, now: number): void;
  markSpent(secrets: readonly string[], now: number): void;
  sums(): ProofSum[];
  forgetSpentBefore(time: number): void;
}

const COLUMNS = 'secret, keyset_id, amount, c, dleq_e, dleq_s, dleq_r';

/** @param db opened with `walletSchema` */
export function openProofs(db: DatabaseSync): Proofs {
  const insert = db.prepare(
    `INSERT OR IGNORE INTO proofs (${COLUMNS}, state, since) VALUES (?, ?, ?, ?, ?, ?, ?, 'unspent', ?)`,
  );
  const selectUnspent = db.prepare(
    `SELECT ${COLUMNS} FROM proofs WHERE state = 'unspent' AND keyset_id IN (SELECT id FROM keysets WHERE unit = ?)
     ORDER BY amount DESC, secret`,
  );
  selectUnspent.setReadBigInts(true);
  const selectReserved = db.prepare(
    `SELECT ${COLUMNS} FROM proofs WHERE operation = ? AND state = 'reserved'`,
  );
  selectReserved.setReadBigInts(true);
  const reserve = db.prepare(
    `UPDATE proofs SET state = 'reserved', operation = ?, since = ? WHERE secret = ? AND state = 'unspent'`,
  );
  const giveBack = db.prepare(
    `UPDATE proofs SET state = 'unspent', operation = NULL, since = ? WHERE operation = ? AND state = 'reserved'`,
  );
  const markSpent = db.prepare(
    `UPDATE proofs SET state = 'spent', since = ? WHERE secret = ? AND state != 'spent'`,
  );
  const sums = db.prepare(
    `SELECT k.unit, p.state, o.kind, p.amount, count(*) AS number
     FROM proofs p JOIN keysets k ON k.id = p.keyset_id LEFT JOIN operations o ON o.id = p.operation
     WHERE p.state IN ('unspent', 'reserved') GROUP BY k.unit, p.state, o.kind, p.amount`,
  );
  sums.setReadBigInts(true);
  const forget = db.prepare(`DELETE FROM proofs WHERE state = 'spent' AND since < ?`);
  const atomically = (work: () => void) => (db.isTransaction ? work() : inTransaction(db, work));

  return {
    add: (proofs, now) => {
      atomically(() => {
        for (const { secret, keysetId, amount, c, dleq } of proofs) {
          insert.run(secret, keysetId, amount, c, dleq.e, dleq.s, dleq.r, now);
        }
      });
    },
    unspent: (unit) => selectUnspent.all(unit).map(toProof),
    reserve: (proofs, operation, now) => {
      atomically(() => {
        for (const { secret } of proofs) reserve.run(operation, now, secret);
      });
    },
    reservedBy: (operation) => selectReserved.all(operation).map(toProof),
    giveBack: (operation, now) => {
      giveBack.run(now, operation);
    },
    markSpent: (secrets, now) => {
      atomically(() => {
        for (const secret of secrets) markSpent.run(now, secret);
      });
    },
    sums: () =>
      sums.all().map((row) => ({
        unit: String(row['unit']),
        state: row['state'] as ProofSum['state'],
        kind: row['kind'] === null ? undefined : String(row['kind']),
        amount: BigInt(String(row['amount'])) * BigInt(String(row['number'])),
      })),
    forgetSpentBefore: (time) => {
      forget.run(time);
    },
  };
}

/** The sum of all amounts, in units. */
export function sumOf(items: readonly { readonly amount: bigint }[]): bigint {
  return items.reduce((sum, { amount }) => sum + amount, 0n);
}

/** In cashu-ts's form, for a token. */
export function toCashuProof({ secret, keysetId, amount, c, dleq }: Proof): CashuProof {
  return { id: keysetId, amount: Amount.from(amount), secret, C: c, dleq: { ...dleq } };
}

/** In cashu-ts's form, for the mint: without the blinding factor, which would tie it to its blind signature. */
export function toInput({ secret, keysetId, amount, c }: Omit<Proof, 'dleq'>): CashuProof {
  return { id: keysetId, amount: Amount.from(amount), secret, C: c };
}

function toProof(row: Record<string, unknown>): Proof {
  return {
    secret: String(row['secret']),
    keysetId: String(row['keyset_id']),
    amount: BigInt(String(row['amount'])),
    c: String(row['c']),
    dleq: { e: String(row['dleq_e']), s: String(row['dleq_s']), r: String(row['dleq_r']) },
  };
}
