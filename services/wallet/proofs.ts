import type { DatabaseSync } from 'node:sqlite';
import { Amount, type Proof as CashuProof, getEncodedToken } from '@cashu/cashu-ts';
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

/** Sum of the proofs of one amount in one state; 'sent' are those in a token that was handed out. */
export interface ProofSum {
  readonly unit: string;
  readonly state: 'unspent' | 'reserved' | 'sent';
  readonly amount: bigint;
}

/** What changes something is part of the transaction that is open, or else one of its own. */
export interface Proofs {
  /** @returns units of those that were not here yet */
  add(proofs: readonly Proof[], now: number): bigint;
  /** Adds proofs of a token that `operation` hands out. */
  addSent(proofs: readonly Proof[], operation: number, now: number): void;
  unspent(unit: string): Proof[];
  reserve(proofs: readonly Proof[], operation: number, now: number): void;
  /** Those an operation holds. */
  reservedBy(operation: number): Proof[];
  giveBack(operation: number, now: number): void;
  /** @returns units of those that the wallet held until then, by unit; what was handed out is not held */
  markSpent(secrets: readonly string[], now: number): Map<string, bigint>;
  sums(): ProofSum[];
  forgetSpentBefore(time: number): void;
}

const COLUMNS = 'secret, keyset_id, amount, c, dleq_e, dleq_s, dleq_r';

/** @param db opened with `walletSchema` */
export function openProofs(db: DatabaseSync): Proofs {
  const insert = db.prepare(
    `INSERT INTO proofs (${COLUMNS}, state, operation, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (secret) DO NOTHING`,
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
  const held = db.prepare(
    `SELECT k.unit, p.amount
     FROM proofs p JOIN keysets k ON k.id = p.keyset_id LEFT JOIN operations o ON o.id = p.operation
     WHERE p.secret = ? AND p.state != 'spent' AND o.token IS NULL`,
  );
  held.setReadBigInts(true);
  const sums = db.prepare(
    `SELECT k.unit, iif(o.token IS NULL, p.state, 'sent') AS state, p.amount, count(*) AS number
     FROM proofs p JOIN keysets k ON k.id = p.keyset_id LEFT JOIN operations o ON o.id = p.operation
     WHERE p.state IN ('unspent', 'reserved') GROUP BY 1, 2, 3`,
  );
  sums.setReadBigInts(true);
  const forget = db.prepare(`DELETE FROM proofs WHERE state = 'spent' AND since < ?`);
  const atomically = <T>(work: () => T) => (db.isTransaction ? work() : inTransaction(db, work));
  const addOne = (
    { secret, keysetId, amount, c, dleq }: Proof,
    state: 'unspent' | 'reserved',
    operation: number | null,
    now: number,
  ) => insert.run(secret, keysetId, amount, c, dleq.e, dleq.s, dleq.r, state, operation, now).changes > 0;

  return {
    add: (proofs, now) =>
      atomically(() => sumOf(proofs.filter((proof) => addOne(proof, 'unspent', null, now)))),
    addSent: (proofs, operation, now) => {
      atomically(() => {
        for (const proof of proofs) addOne(proof, 'reserved', operation, now);
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
    markSpent: (secrets, now) =>
      atomically(() => {
        const lost = new Map<string, bigint>();
        for (const secret of secrets) {
          const { unit, amount } = held.get(secret) ?? {};
          if (unit !== undefined)
            lost.set(String(unit), (lost.get(String(unit)) ?? 0n) + BigInt(String(amount)));
          markSpent.run(now, secret);
        }
        return lost;
      }),
    sums: () =>
      sums.all().map((row) => ({
        unit: String(row['unit']),
        state: row['state'] as ProofSum['state'],
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

/** A token of `proofs` (NUT-00, version 4). */
export function encodeToken(mint: string, unit: string, proofs: readonly Proof[]): string {
  return getEncodedToken({ mint, unit, proofs: proofs.map(toCashuProof) });
}

/** In cashu-ts's form, for a token. */
function toCashuProof({ secret, keysetId, amount, c, dleq }: Proof): CashuProof {
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
