import { toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Database, Row, SqlValue, Statement } from '../../../runtime/sql/database.ts';
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

  const activeStep = (keysets: readonly number[]): Step =>
    step(
      [...new Set(keysets)],
      isActive,
      (keyset) => [keyset],
      (_, row) => {
        if (row && integer(row, 'is_active') === 1) return;
        throw cashuError('keyset-inactive', 'it has just been closed; take an active keyset of /v1/keysets');
      },
    );

  const signatureStep = (signatures: readonly SignatureRow[]): Step =>
    step(
      signatures,
      addSignature,
      ({ blinded, keyset, exponent, signed }) => [blinded, keyset, exponent, signed],
      ({ blinded }, row) => {
        if (row) return;
        const name = toHex(blinded);
        throw cashuError('outputs-signed', `B_ ${name} was signed before; /v1/restore gives it again`);
      },
    );

  return {
    /** Whether each keyset still signs. @throws HashpoolError 'keyset-inactive' */
    checkActive: (keysets: readonly number[]): void => runSteps([activeStep(keysets)]),

    /** Keeps signatures. Precondition: no B_ signed before. @throws HashpoolError 'outputs-signed' */
    addSignatures: (signatures: readonly SignatureRow[]): void => runSteps([signatureStep(signatures)]),

    /**
     * The steps that keep the signatures of a request. Preconditions: each keyset active, no B_ signed before or promised to a
     * payment's change.
     * They throw HashpoolError 'keyset-inactive', 'outputs-pending', 'outputs-signed'
     */
    signing: (signatures: readonly SignatureRow[]): Step[] => [
      activeStep(signatures.map(({ keyset }) => keyset)),
      step(
        signatures,
        isOutputPending,
        ({ blinded }) => [blinded],
        ({ blinded }, row) => {
          if (!row) return;
          const name = toHex(blinded);
          throw cashuError('outputs-pending', `B_ ${name} is a payment's change; blind another secret`);
        },
      ),
      signatureStep(signatures),
    ],

    /**
     * The steps that spend proofs. Preconditions: no Y spent before or in a payment under way.
     * They throw HashpoolError 'proofs-pending', 'proofs-spent'
     */
    spending: (rows: readonly SpentRow[]): Step[] => [
      step(
        rows,
        isPending,
        ({ y }) => [y],
        ({ y }, row) => {
          if (!row) return;
          const name = toHex(y);
          throw cashuError(
            'proofs-pending',
            `the proof with Y ${name} is in a payment under way; wait for it`,
          );
        },
      ),
      step(
        rows,
        addSpent,
        ({ y, keyset, exponent, witness }) => [y, keyset, exponent, witness ?? null],
        ({ y }, row) => {
          if (row) return;
          throw cashuError('proofs-spent', `the proof with Y ${toHex(y)} was spent before; drop it`);
        },
      ),
    ],
  };
}

/** A statement run for each item, and the check of each one's row. */
function step<T>(
  items: readonly T[],
  statement: Statement,
  parametersOf: (item: T) => SqlValue[],
  check: (item: T, row: Row | undefined) => void,
): Step {
  return {
    calls: items.map((item) => ({ statement, parameters: parametersOf(item) })),
    check: (rows) => {
      for (const [i, item] of items.entries()) check(item, rows[i]);
    },
  };
}
