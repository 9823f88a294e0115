import { randomBytes } from 'node:crypto';
import { toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import {
  newQuoteId,
  parseQuoteId,
  QUOTE_ID_RANDOM_BYTES,
  quoteIdText,
} from '../../../protocols/cashu/quote-id.ts';
import type { Engine } from '../engine.ts';
import type { IssuedSignature } from '../issuance.ts';
import type { MeltRow } from '../store/melt-row.ts';
import type { FeeOption } from './backend.ts';
import type { Invoices } from './invoices.ts';
import { checkPaymentUnit, checkRange, type Method, type Methods, methodNamed } from './methods.ts';

/** A melt quote as wallets see it. */
export interface MeltQuote extends Omit<MeltRow, 'change'> {
  /** The id in text form. */
  readonly name: string;
  readonly change: readonly IssuedSignature[];
}

/** What a wallet wants to have paid (NUT-23, NUT-30). */
export interface MeltQuoteRequest {
  readonly unit: string;
  /** An invoice or an address. */
  readonly request: string;
  /** Sats, for an address. */
  readonly amount: bigint | undefined;
  /** Millisatoshis, for an invoice that leaves it open. */
  readonly amountMsat: bigint | undefined;
}

interface Wanted {
  readonly amount: bigint;
  /** What must not be paid twice. */
  readonly lookup: string | undefined;
  /** Unix seconds. */
  readonly expiry: number;
}

/** Makes and shows the quotes of NUT-05. */
export class MeltQuotes {
  readonly #engine: Engine;
  readonly #methods: Methods;
  readonly #invoices: Invoices;

  constructor(engine: Engine, methods: Methods, invoices: Invoices) {
    this.#engine = engine;
    this.#methods = methods;
    this.#invoices = invoices;
  }

  /** Says what a payment would cost. @throws HashpoolError of the table in protocols/cashu/errors.ts */
  async create(methodName: string, wish: MeltQuoteRequest): Promise<MeltQuote> {
    const method = methodNamed(this.#methods, methodName);
    checkPaymentUnit(wish.unit);
    const { amount, lookup, expiry } = await this.#wanted(method, wish);
    checkRange(amount, method.melt);
    if (lookup !== undefined) await this.#checkUnpaid(lookup);
    const feeOptions = await this.#feeOptions(method, methodName, wish.request, amount, lookup);
    const id = newQuoteId(Date.now(), randomBytes(QUOTE_ID_RANDOM_BYTES));
    const { unit, request } = wish;
    const quote = { id, method: methodName, unit, request, lookup, amount, feeOptions, expiry };
    await this.#engine.store.call('addMelt', quote);
    return this.find(methodName, quoteIdText(id));
  }

  /** How a quote stands, with its change where it has any. @throws HashpoolError 'quote-unknown' */
  async find(methodName: string, name: string): Promise<MeltQuote> {
    const id = parseQuoteId(name);
    const row = id && (await this.#engine.store.call('melt', id));
    if (!row || row.method !== methodName) {
      throw cashuError('quote-unknown', `this mint has no melt quote ${JSON.stringify(name.slice(0, 64))}`);
    }
    const change = row.change.length > 0 ? await this.#engine.signaturesOf(row.change) : [];
    return { ...row, name, change: change.filter((signature) => signature !== undefined) };
  }

  #wanted(method: Method, wish: MeltQuoteRequest): Promise<Wanted> | Wanted {
    const expiry = Math.floor(Date.now() / 1000) + method.quoteSeconds;
    if (method.backend.method === 'bolt11') return this.#ofInvoice(method, wish, expiry);
    if (wish.amount !== undefined) return { amount: wish.amount, lookup: undefined, expiry };
    throw cashuError('request-malformed', 'amount is missing; it must be a positive integer');
  }

  async #ofInvoice({ backend }: Method, wish: MeltQuoteRequest, latest: number): Promise<Wanted> {
    const invoice = await this.#invoices.decode(wish.request);
    const { network, amountMsat, expiresAt } = invoice;
    if (backend.network !== undefined && network !== backend.network)
      throw cashuError(
        'request-malformed',
        `request is for ${network}, this mint pays on ${backend.network}`,
      );
    // A backend that moves no money takes invoices of any chain and age.
    const expiry = backend.network === undefined ? latest : Math.min(latest, expiresAt);
    if (expiry <= Math.floor(Date.now() / 1000))
      throw cashuError('quote-expired', `the invoice ended at ${expiresAt}; ask the payee for another`);
    const wanted = wish.amountMsat ?? amountMsat;
    if (wanted === undefined || (amountMsat === undefined && backend.meltOptions['amountless'] !== true)) {
      throw cashuError(
        'amountless-unsupported',
        'the invoice has no amount; give options.amountless.amount_msat',
      );
    }
    if (amountMsat !== undefined && wanted !== amountMsat)
      throw cashuError('amount-differs', `the invoice asks for ${amountMsat} msat, options for ${wanted}`);
    // What is less than a sat is paid up: the payee gets it, the wallet pays it.
    return { amount: (wanted + 999n) / 1000n, lookup: toHex(invoice.paymentHash), expiry };
  }

  async #checkUnpaid(lookup: string): Promise<void> {
    const state = await this.#engine.store.call('requestState', lookup);
    if (state === 'PAID') throw cashuError('invoice-paid', 'this mint has paid it; take a new invoice');
    if (state === 'PENDING') throw cashuError('quote-pending', 'this mint is paying it; wait for its end');
  }

  async #feeOptions(
    { backend }: Method,
    method: string,
    request: string,
    amount: bigint,
    lookup: string | undefined,
  ): Promise<readonly FeeOption[]> {
    const own = lookup && (await this.#engine.store.call('paymentQuoteByLookup', { method, lookup }));
    if (own && own.amountPaid === 0n) return [{ reserve: 0n, blocks: undefined, note: undefined }];
    return backend.quotePayment({ request, amount });
  }
}
