import { credit, mintedState } from '../../../domain/payments/mint-quote.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import type { Database, Row } from '../../../runtime/sql/database.ts';
import { getEach, runSteps } from '../../../runtime/sql/together.ts';
import { pageOfKeys, type QuotesOfKeys } from './key-pages.ts';
import { ledgerWrites, type SignatureRow } from './ledger.ts';
import { rewardReceipts } from './lightning-rewards.ts';
import { bigInteger, blob, integer, text } from './row.ts';

/** A mint quote that is paid from outside, as it is stored. */
export interface PaymentQuoteRow {
  /** UUID version 7, 16 bytes. */
  readonly id: Uint8Array;
  readonly method: string;
  readonly unit: string;
  readonly request: string;
  /** By what the backend names its request. */
  readonly lookup: string;
  /** Undefined where it is the payer's choice. */
  readonly amount: bigint | undefined;
  /** 33 bytes; undefined where whoever knows the id may mint. */
  readonly publicKey: Uint8Array | undefined;
  /** Unix seconds. */
  readonly expiry: number | undefined;
  /** Open when the mint lost what came after a backup: never issued again. */
  readonly isLost: boolean;
  readonly amountPaid: bigint;
  readonly amountIssued: bigint;
}

export type NewPaymentQuote = Omit<PaymentQuoteRow, 'amountPaid' | 'amountIssued' | 'isLost'>;

/** Payments that a backend told of, and up to where it has told. */
export interface Delivery {
  readonly method: string;
  readonly position: string;
  /** What one payment must bring at least. */
  readonly minimum: bigint;
  readonly payments: readonly {
    readonly id: string;
    readonly lookup: string;
    readonly amount: bigint;
    /** Unix seconds. */
    readonly seenAt: number;
  }[];
}

/** A payment and what became of it. */
export interface Receipt {
  /** The quote's id; undefined where it is nobody's: the operator's own. */
  readonly quote: Uint8Array | undefined;
  readonly paymentId: string;
  readonly amount: bigint;
  readonly credited: bigint;
  /** The pool whose reward it is. */
  readonly rewardOf?: Uint8Array;
}

/** Quotes that are paid over Lightning or the chain. */
export function paymentOperations(db: Database) {
  const { signing } = ledgerWrites(db);
  const add = db.prepare(`
    INSERT INTO mint_quotes (id, method, unit, request, lookup, amount, public_key, expiry)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const byId = db.prepare('SELECT * FROM mint_quotes WHERE id = ?');
  byId.setReadBigInts(true);
  const byLookup = db.prepare('SELECT * FROM mint_quotes WHERE method = ? AND lookup = ?');
  byLookup.setReadBigInts(true);
  const addReceipt = db.prepare(`
    INSERT INTO receipts (method, payment_id, mint_quote, amount, credited) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (method, payment_id) DO NOTHING`);
  const pay = db.prepare('UPDATE mint_quotes SET amount_paid = amount_paid + ? WHERE mint_quote = ?');
  const issue = db.prepare(`
    UPDATE mint_quotes SET amount_issued = amount_issued + ?
    WHERE id = ? AND amount_paid - amount_issued >= ? AND is_lost = 0`);
  const byRow = db.prepare('SELECT * FROM mint_quotes WHERE mint_quote = ?');
  byRow.setReadBigInts(true);
  const rowOfId = db.prepare('SELECT mint_quote FROM mint_quotes WHERE id = ?');
  const ofKey = db.prepare(`
    SELECT mint_quote FROM mint_quotes
    WHERE public_key = ? AND method = ? AND mint_quote > ? ORDER BY mint_quote LIMIT ?`);
  // An address may be paid again when all of it is issued.
  const openOfKey = db.prepare(`
    SELECT mint_quote FROM mint_quotes
    WHERE public_key = ? AND method = ? AND mint_quote > ? AND (amount IS NULL OR amount_issued = 0) AND is_lost = 0
    ORDER BY mint_quote LIMIT ?`);
  const takeReward = rewardReceipts(db);
  const watermark = db.prepare('SELECT position FROM watermarks WHERE method = ?');
  const setWatermark = db.prepare(`
    INSERT INTO watermarks (method, position) VALUES (?, ?)
    ON CONFLICT (method) DO UPDATE SET position = excluded.position`);

  function rowOf(id: Uint8Array): number {
    const row = rowOfId.get(id);
    if (row) return integer(row, 'mint_quote');
    throw cashuError('request-malformed', 'cursor names no quote of this mint; begin without one');
  }

  return {
    addPaymentQuote: (quote: NewPaymentQuote): void => {
      const { id, method, unit, request, lookup, amount, publicKey, expiry } = quote;
      add.run(id, method, unit, request, lookup, amount ?? null, publicKey ?? null, expiry ?? null);
    },

    paymentQuotes: (ids: readonly Uint8Array[]): (PaymentQuoteRow | undefined)[] =>
      ids.map((id) => paymentQuoteOf(byId.get(id))),

    paymentQuoteByLookup: (asked: { method: string; lookup: string }): PaymentQuoteRow | undefined =>
      paymentQuoteOf(byLookup.get(asked.method, asked.lookup)),

    /**
     * A page of one method's quotes that are locked to any of `keys`, in the order in which they were made.
     * @throws HashpoolError 'request-malformed' where `after` is no quote
     */
    paymentQuotesOfKeys: (
      asked: QuotesOfKeys & { readonly method: string },
    ): { quotes: PaymentQuoteRow[]; hasMore: boolean } => {
      const start = asked.after ? rowOf(asked.after) : 0;
      const statement = asked.onlyOpen ? openOfKey : ofKey;
      const { rows, hasMore } = pageOfKeys(asked, 'mint_quote', (key, limit) =>
        statement.all(key, asked.method, start, limit),
      );
      const found = getEach(
        byRow,
        rows.map((row) => [row]),
      );
      return { quotes: found.flatMap((row) => paymentQuoteOf(row) ?? []), hasMore };
    },

    /** Up to where a method's payments are stored. */
    watermark: (method: string): string | undefined => {
      const row = watermark.get(method);
      return row && text(row, 'position');
    },

    /**
     * P4: payments become receipts, each once, and their quotes are paid; the watermark moves, all or nothing.
     * @returns what is new, and what is nobody's
     */
    creditPayments: ({ method, position, minimum, payments }: Delivery): Receipt[] => {
      setWatermark.run(method, position);
      return payments.flatMap(({ id: paymentId, lookup, amount, seenAt }): Receipt[] => {
        const row = byLookup.get(method, lookup);
        const quote = paymentQuoteOf(row);
        if (!row || !quote) {
          const reward = takeReward(lookup, amount);
          if (reward && !reward.isNew) return [];
          const receipt = { quote: undefined, paymentId, amount, credited: 0n };
          return [reward ? { ...receipt, rewardOf: reward.poolId } : receipt];
        }
        const credited = credit(quote, { amount, seenAt }, minimum);
        const key = bigInteger(row, 'mint_quote');
        if (addReceipt.run(method, paymentId, key, amount, credited).changes !== 1) return [];
        pay.run(credited, key);
        return [{ quote: quote.id, paymentId, amount, credited }];
      });
    },

    /**
     * P6: amounts of quotes become issued and their signatures are kept, all or nothing.
     * Preconditions: each quote has so much that is paid and not issued, each keyset active, no B_ signed before or
     * promised to a payment's change.
     * @throws HashpoolError 'quote-unpaid', 'quote-issued', 'keyset-inactive', 'outputs-pending', 'outputs-signed'
     */
    mintPaid: ({
      quotes,
      signatures,
    }: {
      quotes: readonly { readonly id: Uint8Array; readonly amount: bigint }[];
      signatures: readonly SignatureRow[];
    }): void => {
      for (const { id, amount } of quotes) {
        if (issue.run(amount, id, amount).changes === 1) continue;
        const quote = paymentQuoteOf(byId.get(id));
        const name = quoteIdText(id);
        if (quote && mintedState(quote) === 'ISSUED')
          throw cashuError('quote-issued', `quote ${name}; /v1/restore gives its signatures again`);
        if (quote?.isLost)
          throw cashuError(
            'quote-issued',
            `quote ${name} was open when this mint lost what came after a backup, and may have been issued then; ask its operator`,
          );
        throw cashuError('quote-unpaid', `quote ${name} has no ${amount} that is paid and not issued yet`);
      }
      runSteps([signing(signatures)]);
    },
  };
}

function paymentQuoteOf(row: Row | undefined): PaymentQuoteRow | undefined {
  if (!row) return undefined;
  return {
    id: blob(row, 'id'),
    method: text(row, 'method'),
    unit: text(row, 'unit'),
    request: text(row, 'request'),
    lookup: text(row, 'lookup'),
    amount: row['amount'] === null ? undefined : bigInteger(row, 'amount'),
    publicKey: row['public_key'] === null ? undefined : blob(row, 'public_key'),
    expiry: row['expiry'] === null ? undefined : Number(bigInteger(row, 'expiry')),
    amountPaid: bigInteger(row, 'amount_paid'),
    amountIssued: bigInteger(row, 'amount_issued'),
    isLost: bigInteger(row, 'is_lost') === 1n,
  };
}
