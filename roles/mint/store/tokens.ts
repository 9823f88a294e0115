import { checkPaid } from '../../../domain/quotes/mintable.ts';
import { Outcome } from '../../../domain/quotes/state.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { quoteOperations } from './quotes.ts';
import { blob, integer, type Row } from './row.ts';

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
    'INSERT INTO spent (y, keyset, exponent) VALUES (?, ?, ?) ON CONFLICT (y) DO NOTHING',
  );
  const findSpent = db.prepare('SELECT 1 FROM spent WHERE y = ?');
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
      if (addSignature.run(blinded, keyset, exponent, signed).changes === 1) continue;
      throw cashuError(
        'outputs-signed',
        `B_ ${toHex(blinded)} was signed before; /v1/restore gives it again`,
      );
    }
  }

  return {
    /**
     * M2: quotes become ISSUED and their signatures are kept, all or nothing.
     * Preconditions: each quote open in a final epoch, each keyset active, no B_ signed before.
     * @throws HashpoolError 'quote-unknown', 'quote-unpaid', 'quote-issued', 'keyset-inactive', 'outputs-signed'
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
     * Preconditions: no Y spent before, each keyset of a signature active, no B_ signed before.
     * @throws HashpoolError 'proofs-spent', 'keyset-inactive', 'outputs-signed'
     */
    swap: ({
      spent,
      signatures,
    }: {
      spent: readonly SpentRow[];
      signatures: readonly SignatureRow[];
    }): void => {
      for (const { y, keyset, exponent } of spent) {
        if (addSpent.run(y, keyset, exponent).changes === 1) continue;
        throw cashuError('proofs-spent', `the proof with Y ${toHex(y)} was spent before; drop it`);
      }
      storeSignatures(signatures);
    },

    /** For each Y whether it is spent. */
    areSpent: (ys: readonly Uint8Array[]): boolean[] => ys.map((y) => findSpent.get(y) !== undefined),

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
