import { concatBytes, toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { stringifyJson } from '../../../protocols/cashu/json.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import type { Database, Row } from '../../../runtime/sql/database.ts';
import { runSteps } from '../../../runtime/sql/together.ts';
import { ledgerWrites, type SignatureRow, type SpentRow } from './ledger.ts';
import { type HeldOutput, type MeltRow, meltOf } from './melt-row.ts';
import { balanceChanged, payoutBalanceOperations } from './payout-balances.ts';
import { bigInteger, blob, integer, text } from './row.ts';

/** A melt quote that is about to be given out. */
export type NewMelt = Pick<
  MeltRow,
  'id' | 'method' | 'unit' | 'request' | 'lookup' | 'amount' | 'feeOptions' | 'expiry'
>;

/** What a wallet pays a melt quote with. */
export interface MeltStart {
  readonly id: Uint8Array;
  readonly selectedFee: number;
  /** What the inputs bring after their own fee. */
  readonly provided: bigint;
  readonly inputs: readonly SpentRow[];
  /** Blank outputs for change (NUT-08), in the wallet's order. */
  readonly outputs: readonly HeldOutput[];
  /** Unix seconds. */
  readonly now: number;
  /** Milliseconds since 1970 until which nobody else is to look after the payment. */
  readonly claimedUntil: number;
}

/** A payment on the chain that the balance of a key without a wallet pays. */
export interface BalancePayment extends Pick<MeltRow, 'id' | 'request' | 'amount' | 'feeOptions'> {
  readonly payoutKey: number;
  readonly selectedFee: number;
  /** All that is held for it: the amount and the most that it may cost. */
  readonly provided: bigint;
  /** Milliseconds since 1970 until which nobody else is to look after the payment. */
  readonly claimedUntil: number;
}

/** How a payment ended well. */
export interface MeltEnd {
  readonly id: Uint8Array;
  readonly attempt: number;
  /** Preimage or outpoint; undefined where the payment never left the mint. */
  readonly proof: string | undefined;
  readonly fee: bigint;
  readonly change: readonly SignatureRow[];
}

/** The ends of a melt quote: what each writes, and what must hold before, is told in schema.ts. */
export function meltOperations(db: Database) {
  const { spending, checkActive, addSignatures } = ledgerWrites(db);
  const add = db.prepare(`
    INSERT INTO melt_quotes (id, method, unit, request, lookup, amount, fee_options, expiry, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'UNPAID')`);
  const byId = db.prepare('SELECT * FROM melt_quotes WHERE id = ?');
  byId.setReadBigInts(true);
  const ofRequest = db.prepare("SELECT state FROM melt_quotes WHERE lookup = ? AND state <> 'UNPAID'");
  const begin = db.prepare(`
    UPDATE melt_quotes SET state = 'PENDING', attempt = attempt + 1, selected_fee = ?, provided = ?, claimed_until = ?
    WHERE id = ? AND state = 'UNPAID' AND expiry >= ? RETURNING melt_quote, attempt`);
  const isSpent = db.prepare('SELECT 1 FROM spent WHERE y = ?');
  const hold = db.prepare(`
    INSERT INTO pending_inputs (y, keyset, exponent, witness, melt_quote) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (y) DO NOTHING`);
  const isSigned = db.prepare('SELECT 1 FROM signatures WHERE blinded = ?');
  const holdOutput = db.prepare(`
    INSERT INTO pending_outputs (blinded, keyset, melt_quote) VALUES (?, ?, ?) ON CONFLICT (blinded) DO NOTHING`);
  const outputsOf = db.prepare(
    'SELECT blinded, keyset FROM pending_outputs WHERE melt_quote = ? ORDER BY pending_output',
  );
  const inputsOf = db.prepare('SELECT * FROM pending_inputs WHERE melt_quote = ? ORDER BY pending_input');
  const dropInputs = db.prepare('DELETE FROM pending_inputs WHERE melt_quote = ?');
  const dropOutputs = db.prepare('DELETE FROM pending_outputs WHERE melt_quote = ?');
  const end = db.prepare(`
    UPDATE melt_quotes SET state = 'PAID', proof = ?, fee_paid = ?, change = ?
    WHERE id = ? AND state = 'PENDING' AND attempt = ? RETURNING melt_quote`);
  const release = db.prepare(`
    UPDATE melt_quotes SET state = 'UNPAID', selected_fee = NULL, provided = NULL, proof = NULL
    WHERE id = ? AND state = 'PENDING' AND attempt = ? RETURNING melt_quote`);
  const note = db.prepare(
    "UPDATE melt_quotes SET proof = ? WHERE id = ? AND state = 'PENDING' AND attempt = ? AND coalesce(proof, '') <> ?",
  );
  const unclaimed = db.prepare(`
    SELECT * FROM melt_quotes WHERE state = 'PENDING' AND claimed_until <= ? ORDER BY claimed_until, melt_quote LIMIT ?`);
  unclaimed.setReadBigInts(true);
  const claim = db.prepare('UPDATE melt_quotes SET claimed_until = ? WHERE melt_quote = ?');
  const dropClaims = db.prepare("UPDATE melt_quotes SET claimed_until = 0 WHERE state = 'PENDING'");
  const settleQuote = db.prepare(`
    UPDATE mint_quotes SET amount_paid = amount_paid + amount
    WHERE method = ? AND lookup = ? AND amount_paid = 0 AND is_lost = 0 RETURNING mint_quote, id, amount`);
  settleQuote.setReadBigInts(true);
  const { holdBalances, settleHeld, releaseHeld } = payoutBalanceOperations(db);
  const isPaidTo = db.prepare('SELECT 1 FROM payout_keys WHERE payout_key = ? AND address = ?');
  // It ends before it begins, so that no tokens ever pay it.
  const addBegun = db.prepare(`
    INSERT INTO melt_quotes (id, method, unit, request, lookup, amount, fee_options, expiry, state, attempt, selected_fee,
      provided, claimed_until)
    VALUES (?, 'onchain', 'sat', ?, NULL, ?, ?, 0, 'PENDING', 1, ?, ?, ?)`);
  const addReceipt = db.prepare(`
    INSERT INTO receipts (method, payment_id, mint_quote, amount, credited) VALUES (?, ?, ?, ?, ?)`);

  function heldOutputs(melt: number): HeldOutput[] {
    return outputsOf.all(melt).map((row) => {
      return { blinded: blob(row, 'blinded'), keyset: integer(row, 'keyset') };
    });
  }

  function heldInputs(melt: number): SpentRow[] {
    return inputsOf.all(melt).map((row) => ({
      y: blob(row, 'y'),
      keyset: integer(row, 'keyset'),
      exponent: integer(row, 'exponent'),
      ...(row['witness'] === null ? {} : { witness: text(row, 'witness') }),
    }));
  }

  function holdInput({ y, keyset, exponent, witness }: SpentRow, melt: number): void {
    if (isSpent.get(y))
      throw cashuError('proofs-spent', `the proof with Y ${toHex(y)} was spent before; drop it`);
    if (hold.run(y, keyset, exponent, witness ?? null, melt).changes === 1) return;
    throw cashuError('proofs-pending', `the proof with Y ${toHex(y)} is in a payment under way; wait for it`);
  }

  function holdBlank({ blinded, keyset }: HeldOutput, melt: number): void {
    if (isSigned.get(blinded))
      throw cashuError('outputs-signed', `B_ ${toHex(blinded)} was signed before; blind another secret`);
    if (holdOutput.run(blinded, keyset, melt).changes === 1) return;
    throw cashuError(
      'outputs-pending',
      `B_ ${toHex(blinded)} is another payment's change; blind another secret`,
    );
  }

  /** Why a quote can't be begun. */
  function notBegun(id: Uint8Array): Error {
    const row = byId.get(id);
    const name = quoteIdText(id);
    if (!row) return cashuError('quote-unknown', `this mint has no melt quote ${name}`);
    const state = text(row, 'state');
    if (state === 'PAID') return cashuError('invoice-paid', `quote ${name} is paid; its state has the proof`);
    if (state === 'PENDING')
      return cashuError('quote-pending', `quote ${name} is being paid; ask for its state`);
    return cashuError('quote-expired', `quote ${name} ended at ${row['expiry']}; take a new one`);
  }

  /** What must be paid once is paid by one quote at a time. */
  function checkRequestFree({ lookup }: Row): void {
    const other = typeof lookup === 'string' ? ofRequest.get(lookup) : undefined;
    if (!other) return;
    throw text(other, 'state') === 'PAID'
      ? cashuError('invoice-paid', 'another quote has paid this request; take a new invoice')
      : cashuError('quote-pending', 'another quote is paying this request; wait for it');
  }

  function beginMelt({ id, selectedFee, provided, inputs, outputs, now, claimedUntil }: MeltStart) {
    const quote = byId.get(id);
    if (quote && text(quote, 'state') === 'UNPAID') checkRequestFree(quote);
    const row = begin.get(selectedFee, provided, claimedUntil, id, now);
    if (!row) throw notBegun(id);
    const melt = integer(row, 'melt_quote');
    checkActive(outputs.map(({ keyset }) => keyset));
    for (const input of inputs) holdInput(input, melt);
    for (const output of outputs) holdBlank(output, melt);
    return integer(row, 'attempt');
  }

  function finishMelt({ id, attempt, proof, fee, change }: MeltEnd): Uint8Array[] | undefined {
    const row = end.get(
      proof ?? null,
      fee,
      concatBytes(...change.map(({ blinded }) => blinded)),
      id,
      attempt,
    );
    if (!row) return undefined;
    const melt = integer(row, 'melt_quote');
    const inputs = heldInputs(melt);
    dropInputs.run(melt);
    dropOutputs.run(melt);
    runSteps([spending(inputs)]);
    addSignatures(change);
    if (inputs.length === 0) settleBalance(id, proof ?? '', fee);
    return inputs.map(({ y }) => y);
  }

  /** What a payment without tokens did not take goes back to the balance that has paid it. */
  function settleBalance(id: Uint8Array, proof: string, fee: bigint): void {
    const row = byId.get(id) ?? {};
    const left = bigInteger(row, 'provided') - bigInteger(row, 'amount') - fee;
    settleHeld({ purpose: 'onchain', reference: id, proof, left });
  }

  return {
    addMelt: ({ id, method, unit, request, lookup, amount, feeOptions, expiry }: NewMelt): void => {
      add.run(id, method, unit, request, lookup ?? null, amount, stringifyJson(feeOptions), expiry);
    },

    melt: (id: Uint8Array): MeltRow | undefined => {
      const row = byId.get(id);
      return row && meltOf(row, heldOutputs(Number(bigInteger(row, 'melt_quote'))));
    },

    /** Whether a request is being paid or was. */
    requestState: (lookup: string): 'PENDING' | 'PAID' | undefined => {
      const row = ofRequest.get(lookup);
      if (!row) return undefined;
      return text(row, 'state') === 'PAID' ? 'PAID' : 'PENDING';
    },

    /**
     * L2: a quote becomes PENDING and its inputs and blank outputs are held, all or nothing.
     * Preconditions: the quote is UNPAID and not expired, nobody else pays its request, no Y is spent or held, no B_
     * is signed or held, each output's keyset is active.
     * @returns the number of this try
     * @throws HashpoolError 'quote-unknown', 'invoice-paid', 'quote-pending', 'quote-expired', 'proofs-spent', 'proofs-pending', 'outputs-signed', 'outputs-pending', 'keyset-inactive'
     */
    beginMelt,

    /**
     * L5: a quote becomes PAID, its inputs spent, its change is kept, all or nothing. Precondition: this try is PENDING.
     * @returns the inputs' Ys; undefined where it has ended already
     */
    finishMelt,

    /** L6: a quote becomes UNPAID again and its inputs and outputs are free. Precondition: this try is PENDING. */
    releaseMelt: ({ id, attempt }: { id: Uint8Array; attempt: number }): Uint8Array[] | undefined => {
      const row = release.get(id, attempt);
      if (!row) return undefined;
      const melt = integer(row, 'melt_quote');
      const inputs = heldInputs(melt);
      dropInputs.run(melt);
      dropOutputs.run(melt);
      if (inputs.length === 0) releaseHeld({ purpose: 'onchain', reference: id });
      return inputs.map(({ y }) => y);
    },

    /**
     * A2: sats of a balance are held and a quote is PENDING for them, all or nothing; from then on it is a payment like any
     * other. Preconditions: the key is registered for that address and has so much.
     * @throws HashpoolError 'balance-changed'
     */
    payBalance: (payment: BalancePayment): void => {
      const { id, payoutKey, request, amount, feeOptions, selectedFee, provided, claimedUntil } = payment;
      if (!isPaidTo.get(payoutKey, request)) throw balanceChanged(payoutKey, 'has another address');
      holdBalances({ purpose: 'onchain', reference: id, holds: [{ payoutKey, sats: provided }] });
      addBegun.run(id, request, amount, stringifyJson(feeOptions), selectedFee, provided, claimedUntil);
    },

    /** The outpoint of a payment that waits for its confirmations. @returns whether it is news */
    noteMelt: ({ id, attempt, proof }: { id: Uint8Array; attempt: number; proof: string }): boolean =>
      Number(note.run(proof, id, attempt, proof).changes) === 1,

    /** Nobody looks after the payments under way any more. Precondition: no other process is at work. */
    dropClaims: (_: null): void => {
      dropClaims.run();
    },

    /** Payments under way that nobody looks after at `now`, in milliseconds; whoever asks does until `until`. */
    claimMelts: (asked: { now: number; until: number; limit: number }): MeltRow[] =>
      unclaimed.all(asked.now, asked.limit).map((row) => {
        const melt = Number(bigInteger(row, 'melt_quote'));
        claim.run(asked.until, melt);
        return meltOf(row, heldOutputs(melt));
      }),

    /**
     * I2: a quote of this mint is paid by a melt of this mint: L2 and L5 in one, and the mint quote is paid.
     * Preconditions: those of L2, and that the mint quote was never paid.
     * @returns the mint quote's id; undefined where it was paid, so that nothing has changed
     */
    settleInside: ({
      start,
      lookup,
      change,
    }: {
      start: MeltStart;
      lookup: string;
      change: readonly SignatureRow[];
    }): Uint8Array | undefined => {
      const melt = byId.get(start.id);
      const row = melt && settleQuote.get(text(melt, 'method'), lookup);
      if (!melt || !row) return undefined;
      const amount = bigInteger(row, 'amount');
      const name = `inside.${quoteIdText(start.id)}`;
      addReceipt.run(text(melt, 'method'), name, bigInteger(row, 'mint_quote'), amount, amount);
      const attempt = beginMelt(start);
      finishMelt({ id: start.id, attempt, proof: undefined, fee: 0n, change });
      return blob(row, 'id');
    },
  };
}
