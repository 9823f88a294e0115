import { toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import {
  type Database,
  getEach,
  type Row,
  type SqlValue,
  type Statement,
} from '../../../runtime/sql/database.ts';
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
  const isActive = db.prepare('SELECT is_active FROM keysets WHERE keyset = ?');
  const addSignature = db.prepare(`
    INSERT INTO signatures (blinded, keyset, exponent, signed) VALUES (?, ?, ?, ?)
    ON CONFLICT (blinded) DO NOTHING RETURNING 1`);
  const addSpent = db.prepare(
    'INSERT INTO spent (y, keyset, exponent, witness) VALUES (?, ?, ?, ?) ON CONFLICT (y) DO NOTHING RETURNING 1',
  );
  const isPending = db.prepare('SELECT 1 FROM pending_inputs WHERE y = ?');
  const isOutputPending = db.prepare('SELECT 1 FROM pending_outputs WHERE blinded = ?');

  function checkActive(keysets: readonly number[]): void {
    for (const keyset of new Set(keysets)) {
      const row = isActive.get(keyset);
      if (row && integer(row, 'is_active') === 1) continue;
      throw cashuError('keyset-inactive', 'it has just been closed; take an active keyset of /v1/keysets');
    }
  }

  function addSignatures(signatures: readonly SignatureRow[]): void {
    const again = firstOf(
      signatures,
      addSignature,
      ({ blinded, keyset, exponent, signed }) => [blinded, keyset, exponent, signed],
      isMissing,
    );
    if (!again) return;
    throw cashuError(
      'outputs-signed',
      `B_ ${toHex(again.blinded)} was signed before; /v1/restore gives it again`,
    );
  }

  return {
    /** Whether each keyset still signs. @throws HashpoolError 'keyset-inactive' */
    checkActive,

    /** Keeps signatures. Precondition: no B_ signed before. @throws HashpoolError 'outputs-signed' */
    addSignatures,

    /**
     * Keeps the signatures of a request. Preconditions: each keyset active, no B_ signed before or promised to a
     * payment's change.
     * @throws HashpoolError 'keyset-inactive', 'outputs-pending', 'outputs-signed'
     */
    storeSignatures(signatures: readonly SignatureRow[]): void {
      checkActive(signatures.map(({ keyset }) => keyset));
      const pending = firstOf(signatures, isOutputPending, ({ blinded }) => [blinded], isFound);
      if (pending) {
        throw cashuError(
          'outputs-pending',
          `B_ ${toHex(pending.blinded)} is a payment's change; blind another secret`,
        );
      }
      addSignatures(signatures);
    },

    /**
     * Spends proofs. Preconditions: no Y spent before or in a payment under way.
     * @throws HashpoolError 'proofs-pending', 'proofs-spent'
     */
    spend(rows: readonly SpentRow[]): void {
      const pending = firstOf(rows, isPending, ({ y }) => [y], isFound);
      if (pending) {
        throw cashuError(
          'proofs-pending',
          `the proof with Y ${toHex(pending.y)} is in a payment under way; wait for it`,
        );
      }
      const again = firstOf(
        rows,
        addSpent,
        ({ y, keyset, exponent, witness }) => [y, keyset, exponent, witness ?? null],
        isMissing,
      );
      if (again)
        throw cashuError('proofs-spent', `the proof with Y ${toHex(again.y)} was spent before; drop it`);
    },
  };
}

const isFound = (row: Row | undefined) => row !== undefined;
const isMissing = (row: Row | undefined) => row === undefined;

/** Runs a statement for each item; the first one whose row is as asked. */
function firstOf<T>(
  items: readonly T[],
  statement: Statement,
  parametersOf: (item: T) => SqlValue[],
  isIt: (row: Row | undefined) => boolean,
): T | undefined {
  const rows = getEach(statement, items.map(parametersOf));
  return items.find((_, i) => isIt(rows[i]));
}
