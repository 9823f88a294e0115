import { randomBytes } from 'node:crypto';
import { amountsToMint, mintedState } from '../../../domain/payments/mint-quote.ts';
import { utf8 } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import {
  newQuoteId,
  parseQuoteId,
  QUOTE_ID_RANDOM_BYTES,
  quoteIdText,
} from '../../../protocols/cashu/quote-id.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Engine } from '../engine.ts';
import type { IssuedSignature } from '../issuance.ts';
import { checkBatch, type MintRequest } from '../mint-request.ts';
import { onceOrAgain } from '../replays.ts';
import type { MintClaim } from '../signer/signer.ts';
import type { QuotesOfKeys } from '../store/key-pages.ts';
import type { PaymentQuoteRow } from '../store/payments.ts';
import type { Incoming } from './incoming.ts';
import { checkPaymentUnit, checkRange, type Methods, methodNamed } from './methods.ts';

/** What an invoice's description field has room for (BOLT 11). */
const MAX_DESCRIPTION_BYTES = 639;

/** A quote as wallets see it. */
export interface PaymentQuote extends PaymentQuoteRow {
  /** The id in text form. */
  readonly name: string;
  readonly state: 'UNPAID' | 'PAID' | 'ISSUED';
}

/** What a wallet asks for (NUT-23, NUT-30). */
export interface QuoteRequest {
  readonly unit: string;
  readonly amount: bigint | undefined;
  readonly description: string | undefined;
  /** 33 bytes. */
  readonly publicKey: Uint8Array | undefined;
}

/** Quotes that are paid over Lightning and the chain (NUT-04, NUT-20, NUT-23, NUT-29, NUT-30). */
export class MintQuotes {
  readonly #engine: Engine;
  readonly #methods: Methods;
  readonly #incoming: ReadonlyMap<string, Incoming>;

  constructor(engine: Engine, methods: Methods, incoming: ReadonlyMap<string, Incoming>) {
    this.#engine = engine;
    this.#methods = methods;
    this.#incoming = incoming;
  }

  /** Makes a quote and what is to be paid for it. @throws HashpoolError of the table in protocols/cashu/errors.ts */
  async create(methodName: string, request: QuoteRequest): Promise<PaymentQuote> {
    const { backend, mint, quoteSeconds } = methodNamed(this.#methods, methodName);
    const { unit, amount, description, publicKey } = request;
    checkPaymentUnit(unit);
    this.#engine.issuance.checkOpen();
    checkForm(backend.method, request);
    if (amount !== undefined) checkRange(amount, mint);
    await this.#checkKey(publicKey);
    const id = newQuoteId(Date.now(), randomBytes(QUOTE_ID_RANDOM_BYTES));
    const wanted = { quote: quoteIdText(id), amount, description, seconds: quoteSeconds };
    const made = await backend.createRequest(wanted);
    faultPoint('quote-requested');
    const quote = { id, method: methodName, unit, amount, publicKey, ...made };
    await this.#engine.store.call('addPaymentQuote', quote);
    faultPoint('quote-stored');
    await backend.requestStored?.(quote.lookup);
    return viewOf({ ...quote, amountPaid: 0n, amountIssued: 0n, isLost: false });
  }

  /**
   * Quotes of one method by their names, in order, as they stand at the backend.
   * @throws HashpoolError 'quote-unknown' naming the first unknown one, 'method-unsupported'
   */
  async find(methodName: string, names: readonly string[]): Promise<PaymentQuote[]> {
    methodNamed(this.#methods, methodName);
    const quotes = await this.#stored(methodName, names);
    if (!quotes.some(({ state }) => state === 'UNPAID')) return quotes;
    await this.#incoming.get(methodName)?.refresh();
    return this.#stored(methodName, names);
  }

  /**
   * A page of one method's quotes that are locked to some keys, as they stand at the backend, and whether more follow.
   * @throws HashpoolError 'method-unsupported', 'request-malformed'
   */
  async ofKeys(method: string, request: QuotesOfKeys): Promise<{ quotes: PaymentQuote[]; hasMore: boolean }> {
    methodNamed(this.#methods, method);
    await this.#incoming.get(method)?.refresh();
    const { quotes, hasMore } = await this.#engine.store.call('paymentQuotesOfKeys', { method, ...request });
    return { quotes: quotes.map(viewOf), hasMore };
  }

  /**
   * Quotes as they are stored, undefined for what is not there.
   * @throws HashpoolError 'quote-unknown' for what is no id at all
   */
  async known(methodName: string, names: readonly string[]): Promise<(PaymentQuote | undefined)[]> {
    const ids = names.map((name) => parseQuoteId(name) ?? unknown(name));
    const rows = await this.#engine.store.call('paymentQuotes', ids);
    return rows.map((row) => (row?.method === methodName ? viewOf(row) : undefined));
  }

  /**
   * Turns what was paid into blind signatures, all or none; the same request again has the same
   * answer (NUT-19).
   * @throws HashpoolError of the same table
   */
  mint(methodName: string, request: MintRequest): Promise<IssuedSignature[]> {
    return onceOrAgain(request.outputs, () => this.#mint(methodName, request), {
      signaturesOf: (blinded) => this.#engine.signaturesOf(blinded),
      isPaid: async () => {
        const quotes = await this.#stored(methodName, request.quotes);
        return quotes.every(({ amountIssued }) => amountIssued > 0n);
      },
    });
  }

  async #mint(methodName: string, request: MintRequest): Promise<IssuedSignature[]> {
    checkBatch(request);
    const { outputs, signatures, expectedAmounts } = request;
    const quotes = await this.find(methodName, request.quotes);
    const now = Math.floor(Date.now() / 1000);
    const keysets = await this.#engine.keysets.named(outputs);
    const amounts = amountsToMint(quotes, outputs, expectedAmounts, keysets, now);
    const issue = await this.#engine.issuance.mint(claimsOf(quotes, signatures), outputs);
    faultPoint('quote-signed');
    await this.#engine.store.call('mintPaid', {
      quotes: quotes.map(({ id }, i) => ({ id, amount: amounts[i] ?? 0n })),
      signatures: issue.rows,
    });
    faultPoint('quote-issued');
    for (const { name } of quotes) {
      this.#engine.events.emit('quote-changed', { kind: 'mint', method: methodName, quote: name });
    }
    return issue.signatures;
  }

  async #stored(methodName: string, names: readonly string[]): Promise<PaymentQuote[]> {
    const quotes = await this.known(methodName, names);
    return quotes.map((quote, i) => quote ?? unknown(names[i] ?? ''));
  }

  async #checkKey(publicKey: Uint8Array | undefined): Promise<void> {
    if (!publicKey) return;
    const [isPoint] = await this.#engine.signer.arePoints([publicKey]);
    if (!isPoint) throw cashuError('pubkey-required', 'pubkey is no point of secp256k1; give another');
  }
}

function checkForm(method: string, { amount, description, publicKey }: QuoteRequest): void {
  if (method === 'onchain') {
    if (!publicKey) throw cashuError('pubkey-required', 'pubkey is missing; deposits are always locked');
    if (amount !== undefined)
      throw cashuError('request-malformed', "amount is the payer's to choose; leave it out");
    return;
  }
  if (amount === undefined)
    throw cashuError('request-malformed', 'amount is missing; it must be a positive integer');
  const bytes = utf8(description ?? '').length;
  if (bytes <= MAX_DESCRIPTION_BYTES) return;
  throw cashuError(
    'request-malformed',
    `description has ${bytes} bytes; at most ${MAX_DESCRIPTION_BYTES} fit an invoice`,
  );
}

/** @throws HashpoolError 'signature-invalid' where a locked quote comes without a signature, or an open one with one */
function claimsOf(
  quotes: readonly PaymentQuote[],
  signatures: readonly (Uint8Array | undefined)[],
): MintClaim[] {
  return quotes.flatMap(({ name, publicKey }, i) => {
    const signature = signatures[i];
    if (publicKey && signature) return [{ quote: name, publicKey, signature }];
    if (!publicKey && !signature) return [];
    throw cashuError(
      'signature-invalid',
      publicKey
        ? `quote ${name} is locked and comes without one; sign with the key of its pubkey`
        : `quote ${name} is not locked; leave its signature out`,
    );
  });
}

function viewOf(row: PaymentQuoteRow): PaymentQuote {
  return { ...row, name: quoteIdText(row.id), state: mintedState(row) };
}

function unknown(name: string): never {
  throw cashuError('quote-unknown', `this mint has no quote ${JSON.stringify(name.slice(0, 64))}`);
}
