import { toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Database, SqlValue, Statement } from '../../../runtime/sql/database.ts';
import { runSteps, type Step } from '../../../runtime/sql/together.ts';
import { integer } from './row.ts';

/** A blind signature to be stored, or as it was stored. */
export interface SignatureRow {
  readonly keyset: number;
  readonly exponent: number;
  /** B_, 33 bytes. */
  readonly blinded: Uint8Array;
  /** C_ ‖ e ‖ s (NUT-12), 97 bytes. */
  readonly signed: Uint8Array;
}

/** A blind signature as it was stored. */
export interface StoredSignature extends SignatureRow {
  readonly keysetId: string;
}

/** A proof to be spent. */
export interface SpentRow {
  readonly keyset: number;
  readonly exponent: number;
  /** hash_to_curve(secret), 33 bytes. */
  readonly y: Uint8Array;
  /** What unlocked it, where it was locked (NUT-10). */
  readonly witness?: string;
}

/** The writes that tokens are made of, each with its precondition; operations put them together. */
export function ledgerWrites(db: Database) {
  // No keyset of an epoch signs before the epoch is final.
  const isActive = db.prepare(`
    SELECT CASE WHEN is_active = 1 AND (keysets.epoch IS NULL OR is_final = 1) THEN 1 ELSE 0 END AS is_active
    FROM keysets LEFT JOIN epochs ON epochs.epoch = keysets.epoch WHERE keyset = ?`);
  const isPending = db.prepare('SELECT 1 FROM pending_inputs WHERE y = ?');
  const isOutputPending = db.prepare('SELECT 1 FROM pending_outputs WHERE blinded = ?');
  const addSignature = db.prepare(`
    INSERT INTO signatures (blinded, keyset, exponent, signed) VALUES (?, ?, ?, ?)
    ON CONFLICT (blinded) DO NOTHING RETURNING 1`);
  // A SELECT before ON CONFLICT needs its WHERE in SQLite, which else takes ON for a join's.
  const sign = db.prepare(`
    INSERT INTO signatures (blinded, keyset, exponent, signed) SELECT ?, ?, ?, ?
    WHERE EXISTS (
        SELECT 1 FROM keysets LEFT JOIN epochs ON epochs.epoch = keysets.epoch
        WHERE keyset = ? AND is_active = 1 AND (keysets.epoch IS NULL OR is_final = 1))
      AND NOT EXISTS (SELECT 1 FROM pending_outputs WHERE blinded = ?)
    ON CONFLICT (blinded) DO NOTHING RETURNING 1`);
  const addSpent = db.prepare(`
    INSERT INTO spent (y, keyset, exponent, witness) SELECT ?, ?, ?, ?
    WHERE NOT EXISTS (SELECT 1 FROM pending_inputs WHERE y = ?)
    ON CONFLICT (y) DO NOTHING RETURNING 1`);

  function checkActive(keysets: readonly number[]): void {
    for (const keyset of new Set(keysets)) {
      const row = isActive.get(keyset);
      if (row && integer(row, 'is_active') === 1) continue;
      throw cashuError(
        'keyset-inactive',
        'it signs nothing at present; take an active keyset of /v1/keysets',
      );
    }
  }

  function signedBefore(blinded: Uint8Array): Error {
    return cashuError('outputs-signed', `B_ ${toHex(blinded)} was signed before; /v1/restore gives it again`);
  }

  function notSigned({ blinded, keyset }: SignatureRow): Error {
    checkActive([keyset]);
    if (!isOutputPending.get(blinded)) return signedBefore(blinded);
    return cashuError('outputs-pending', `B_ ${toHex(blinded)} is a payment's change; blind another secret`);
  }

  function notSpent({ y }: SpentRow): Error {
    const name = toHex(y);
    return isPending.get(y)
      ? cashuError('proofs-pending', `the proof with Y ${name} is in a payment under way; wait for it`)
      : cashuError('proofs-spent', `the proof with Y ${name} was spent before; drop it`);
  }

  return {
    /** Whether each keyset still signs. @throws HashpoolError 'keyset-inactive' */
    checkActive,

    /** Keeps signatures. Precondition: no B_ signed before. @throws HashpoolError 'outputs-signed' */
    addSignatures(signatures: readonly SignatureRow[]): void {
      const step = written(
        addSignature,
        signatures,
        ({ blinded, keyset, exponent, signed }) => [blinded, keyset, exponent, signed],
        ({ blinded }) => signedBefore(blinded),
      );
      runSteps([step]);
    },

    /**
     * The step that keeps the signatures of a request. Preconditions: each keyset active, no B_ signed before or
     * promised to a payment's change. It throws HashpoolError 'keyset-inactive', 'outputs-pending', 'outputs-signed'.
     */
    signing: (signatures: readonly SignatureRow[]): Step =>
      written(
        sign,
        signatures,
        ({ blinded, keyset, exponent, signed }) => [blinded, keyset, exponent, signed, keyset, blinded],
        notSigned,
      ),

    /**
     * The step that spends proofs. Preconditions: no Y spent before or in a payment under way. It throws HashpoolError
     * 'proofs-pending', 'proofs-spent'.
     */
    spending: (rows: readonly SpentRow[]): Step =>
      written(
        addSpent,
        rows,
        ({ y, keyset, exponent, witness }) => [y, keyset, exponent, witness ?? null, y],
        notSpent,
      ),
  };
}

/** Writes a row for each item, and asks why where one was not written. */
function written<T>(
  statement: Statement,
  items: readonly T[],
  parametersOf: (item: T) => SqlValue[],
  reasonOf: (item: T) => Error,
): Step {
  return {
    calls: items.map((item) => ({ statement, parameters: parametersOf(item) })),
    check: (rows) => {
      const missing = items.find((_, i) => !rows[i]);
      if (missing) throw reasonOf(missing);
    },
  };
}
