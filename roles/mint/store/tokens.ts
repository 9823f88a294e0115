import { checkPaid } from '../../../domain/quotes/mintable.ts';
import { Outcome } from '../../../domain/quotes/state.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { quoteOperations } from './quotes.ts';
import { blob, integer, type Row, text } from './row.ts';

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

/** How a proof stands (NUT-07). */
export interface ProofState {
  readonly state: 'UNSPENT' | 'PENDING' | 'SPENT';
  readonly witness: string | null;
}

/** Issues and spends tokens. Balance and curve were checked before; here is what only the ledger can say. */
export function tokenOperations(db: Database) {
  const { quotesById } = quoteOperations(db);
  const issue = db.prepare(`
    UPDATE quotes SET outcome = ${Outcome.issued}
    WHERE id = ? AND outcome = ${Outcome.open}
      AND segment IN (SELECT segment FROM segments JOIN epochs USING (epoch) WHERE is_final = 1)`);
  const isActive = db.prepare('SELECT is_active FROM keysets WHERE keyset = ?');
  const addSignature = db.prepare(`
    INSERT INTO signatures (blinded, keyset, exponent, signed) VALUES (?, ?, ?, ?)
    ON CONFLICT (blinded) DO NOTHING`);
  const addSpent = db.prepare(
    'INSERT INTO spent (y, keyset, exponent, witness) VALUES (?, ?, ?, ?) ON CONFLICT (y) DO NOTHING',
  );
  const findSpent = db.prepare('SELECT witness FROM spent WHERE y = ?');
  const isPending = db.prepare('SELECT 1 FROM pending_inputs WHERE y = ?');
  const isOutputPending = db.prepare('SELECT 1 FROM pending_outputs WHERE blinded = ?');
  const findSignature = db.prepare('SELECT * FROM signatures WHERE blinded = ?');

  function issueQuote(id: Uint8Array): void {
    if (issue.run(id).changes === 1) return;
    const [quote] = quotesById([id]);
    const name = quoteIdText(id);
    if (!quote) throw cashuError('quote-unknown', `this mint has no quote ${name}`);
    checkPaid({ ...quote, name });
  }

  function storeSignatures(signatures: readonly SignatureRow[]): void {
    for (const keyset of new Set(signatures.map((row) => row.keyset))) {
      const row = isActive.get(keyset);
      if (!row || integer(row, 'is_active') === 0) {
        throw cashuError(
          'keyset-inactive',
          'its epoch has just closed; take an active keyset of /v1/keysets',
        );
      }
    }
    for (const { blinded, keyset, exponent, signed } of signatures) {
      if (isOutputPending.get(blinded)) {
        throw cashuError(
          'outputs-pending',
          `B_ ${toHex(blinded)} is a payment's change; blind another secret`,
        );
      }
      if (addSignature.run(blinded, keyset, exponent, signed).changes === 1) continue;
      throw cashuError(
        'outputs-signed',
        `B_ ${toHex(blinded)} was signed before; /v1/restore gives it again`,
      );
    }
  }

  function spend({ y, keyset, exponent, witness }: SpentRow): void {
    if (isPending.get(y)) {
      throw cashuError(
        'proofs-pending',
        `the proof with Y ${toHex(y)} is in a payment under way; wait for it`,
      );
    }
    if (addSpent.run(y, keyset, exponent, witness ?? null).changes === 1) return;
    throw cashuError('proofs-spent', `the proof with Y ${toHex(y)} was spent before; drop it`);
  }

  function stateOf(y: Uint8Array): ProofState {
    const row = findSpent.get(y);
    if (row) return { state: 'SPENT', witness: row['witness'] === null ? null : text(row, 'witness') };
    // A preimage is not told before its proof is spent: the payment may fail and give the proof back.
    return { state: isPending.get(y) ? 'PENDING' : 'UNSPENT', witness: null };
  }

  return {
    /**
     * M2: quotes become ISSUED and their signatures are kept, all or nothing.
     * Preconditions: each quote open in a final epoch, each keyset active, no B_ signed before or promised to a
     * payment's change.
     * @throws HashpoolError 'quote-unknown', 'quote-unpaid', 'quote-issued', 'keyset-inactive', 'outputs-pending', 'outputs-signed'
     */
    mint: ({
      quotes,
      signatures,
    }: {
      quotes: readonly Uint8Array[];
      signatures: readonly SignatureRow[];
    }): void => {
      for (const id of quotes) issueQuote(id);
      storeSignatures(signatures);
    },

    /**
     * S2: proofs become spent and the signatures that replace them are kept, all or nothing.
     * Preconditions: no Y spent before or in a payment, each keyset of a signature active, no B_ signed before or
     * promised to a payment's change.
     * @throws HashpoolError 'proofs-pending', 'proofs-spent', 'keyset-inactive', 'outputs-pending', 'outputs-signed'
     */
    swap: ({
      spent,
      signatures,
    }: {
      spent: readonly SpentRow[];
      signatures: readonly SignatureRow[];
    }): void => {
      for (const row of spent) spend(row);
      storeSignatures(signatures);
    },

    /** For each Y how its proof stands. */
    proofStates: (ys: readonly Uint8Array[]): ProofState[] => ys.map(stateOf),

    /** For each B_ its signature, if it was ever signed. */
    signaturesOf: (blinded: readonly Uint8Array[]): (SignatureRow | undefined)[] =>
      blinded.map((each) => signatureOf(findSignature.get(each))),
  };
}

function signatureOf(row: Row | undefined): SignatureRow | undefined {
  if (!row) return undefined;
  return {
    keyset: integer(row, 'keyset'),
    exponent: integer(row, 'exponent'),
    blinded: blob(row, 'blinded'),
    signed: blob(row, 'signed'),
  };
}
