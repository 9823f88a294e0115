import { checkPaid } from '../../../domain/quotes/mintable.ts';
import { Outcome } from '../../../domain/quotes/state.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { findAmong, runSteps, type Step } from '../../../runtime/sql/together.ts';
import { ledgerWrites, type SignatureRow, type SpentRow, type StoredSignature } from './ledger.ts';
import { quoteOperations } from './quotes.ts';
import { blob, integer, type Row, text } from './row.ts';
import { tallies } from './tallies.ts';

/** How a proof stands (NUT-07). */
export interface ProofState {
  readonly state: 'UNSPENT' | 'PENDING' | 'SPENT';
  readonly witness: string | null;
}

/**
 * The step by which quotes of shares become ISSUED, for an epoch's own keyset or the sats that it is redeemed for.
 * Preconditions: each open, of the epoch of `keyset`, which is final. It throws HashpoolError 'quote-unknown',
 * 'quote-unpaid', 'quote-issued', 'units-differ', 'signing-stopped'.
 */
export function quoteIssuing(db: Database): (ids: readonly Uint8Array[], keyset: number) => Step {
  const { quotesById } = quoteOperations(db);
  const tally = tallies(db);
  // Computed, so that no planner reads the index of all open quotes instead of the one of ids. The keyset is that of the
  // quote's own epoch: a reorganization may have moved its segment since the outputs were signed.
  const issue = db.prepare(`
    UPDATE quotes SET outcome = ${Outcome.issued}
    WHERE id = ? AND outcome + 0 = ${Outcome.open} AND EXISTS (
      SELECT 1 FROM segments AS s JOIN epochs AS e ON e.epoch = s.epoch JOIN keysets AS k ON k.epoch = e.epoch
      WHERE s.segment = quotes.segment AND e.is_final = 1 AND k.keyset = ? AND NOT EXISTS (
        SELECT 1 FROM epochs AS lost
        WHERE lost.pool_id = e.pool_id AND lost.standing = 'stranded' AND lost.merged_into IS NULL))
    RETURNING exponent, segment`);
  const stopped = db.prepare(`
    SELECT lost.unit FROM quotes JOIN segments USING (segment) JOIN epochs AS e USING (epoch)
      JOIN epochs AS lost ON lost.pool_id = e.pool_id
    WHERE quotes.id = ? AND lost.standing = 'stranded' AND lost.merged_into IS NULL LIMIT 1`);

  const issuing = (ids: readonly Uint8Array[], keyset: number): Step => ({
    calls: ids.map((id) => ({ statement: issue, parameters: [id, keyset] })),
    check: (rows) => {
      const refused = ids[rows.indexOf(undefined)];
      if (refused) throw notIssued(refused);
      tally(
        'issued',
        rows.flatMap((row) =>
          row ? [{ segment: integer(row, 'segment'), exponent: integer(row, 'exponent') }] : [],
        ),
      );
    },
  });

  function notIssued(id: Uint8Array): Error {
    const [quote] = quotesById([id]);
    const name = quoteIdText(id);
    if (!quote) return cashuError('quote-unknown', `this mint has no quote ${name}`);
    checkPaid({ ...quote, name });
    const lost = stopped.get(id);
    if (lost) {
      const unit = text(lost, 'unit');
      return cashuError(
        'signing-stopped',
        `the block that opened ${unit} is in the chain no more; its operator has to look into it`,
      );
    }
    return cashuError(
      'units-differ',
      `quote ${name} is in ${quote.unit} since the chain was reorganized; take its keyset`,
    );
  }

  return issuing;
}

/** Issues and spends tokens. Balance and curve were checked before; here is what only the ledger can say. */
export function tokenOperations(db: Database) {
  const issuing = quoteIssuing(db);
  const { spending, signing } = ledgerWrites(db);
  const findSpent = findAmong(db, (places) => `SELECT y, witness FROM spent WHERE y IN (${places})`);
  const findPending = findAmong(db, (places) => `SELECT y FROM pending_inputs WHERE y IN (${places})`);
  const findSignatures = findAmong(
    db,
    (places) => `
      SELECT s.*, k.id AS keyset_id FROM signatures AS s JOIN keysets AS k ON k.keyset = s.keyset WHERE s.blinded IN (${places})`,
  );

  return {
    /**
     * M2: quotes become ISSUED and their signatures are kept, all or nothing.
     * Preconditions: each quote open in a final epoch of a pool that is not stopped, the keyset that epoch's and active,
     * no B_ signed before or promised to a payment's change.
     * @throws HashpoolError 'quote-unknown', 'quote-unpaid', 'quote-issued', 'units-differ', 'signing-stopped',
     * 'keyset-inactive', 'outputs-pending', 'outputs-signed'
     */
    mint: ({
      quotes,
      signatures,
    }: {
      quotes: readonly Uint8Array[];
      signatures: readonly SignatureRow[];
    }): void => {
      runSteps([issuing(quotes, signatures[0]?.keyset ?? 0), signing(signatures)]);
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
      runSteps([spending(spent), signing(signatures)]);
    },

    /** For each Y how its proof stands. */
    proofStates: (ys: readonly Uint8Array[]): ProofState[] => {
      const spent = byKey(findSpent(ys), 'y');
      const pending = byKey(findPending(ys), 'y');
      return ys.map(toHex).map((y) => stateOf(spent.get(y), pending.has(y)));
    },

    /** For each B_ its signature, if it was ever signed. */
    signaturesOf: (blinded: readonly Uint8Array[]): (StoredSignature | undefined)[] => {
      const found = byKey(findSignatures(blinded), 'blinded');
      return blinded.map((each) => signatureOf(found.get(toHex(each))));
    },
  };
}

/** Rows by a column of bytes, in hex. */
function byKey(rows: readonly Row[], column: string): Map<string, Row> {
  return new Map(rows.map((row) => [toHex(blob(row, column)), row]));
}

function stateOf(spent: Row | undefined, isPending: boolean): ProofState {
  if (spent) return { state: 'SPENT', witness: spent['witness'] === null ? null : text(spent, 'witness') };
  // A preimage is not told before its proof is spent: the payment may fail and give the proof back.
  return { state: isPending ? 'PENDING' : 'UNSPENT', witness: null };
}

function signatureOf(row: Row | undefined): StoredSignature | undefined {
  if (!row) return undefined;
  return {
    keysetId: text(row, 'keyset_id'),
    keyset: integer(row, 'keyset'),
    exponent: integer(row, 'exponent'),
    blinded: blob(row, 'blinded'),
    signed: blob(row, 'signed'),
  };
}
