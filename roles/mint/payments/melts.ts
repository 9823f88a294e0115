import { setTimeout as delay } from 'node:timers/promises';
import { type CheckedInputs, checkInputs, checkOutputs, type Input } from '../../../domain/ledger/tokens.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Engine } from '../engine.ts';
import type { HeldOutput } from '../store/melt-row.ts';
import type { MeltStart } from '../store/melts.ts';
import type { FeeOption } from './backend.ts';
import type { MeltQuote, MeltQuotes } from './melt-quotes.ts';
import { type Methods, methodNamed } from './methods.ts';
import { CLAIM_MS, type Settlement } from './settlement.ts';

/** A wallet waits for its payment no longer than this; then it asks for the quote's state. */
const MAX_WAIT_MS = 20_000;

/** What a request is refused with where it has been carried out before. */
const refusals = ['invoice-paid', 'quote-pending', 'proofs-spent', 'proofs-pending'];

/** A blinded message of no amount yet (NUT-08). */
export interface BlankOutput {
  readonly keysetId: string;
  /** As the wallet sent it: a SIG_ALL signature covers it, and nothing else. */
  readonly amount: bigint;
  /** B_, 33 bytes. */
  readonly blinded: Uint8Array;
}

/** A melt quote and what pays it. */
export interface MeltRequest {
  /** The quote's name. */
  readonly quote: string;
  readonly inputs: readonly Input[];
  readonly outputs: readonly BlankOutput[];
  readonly feeIndex: number;
  /** The wallet does not wait for the payment. */
  readonly preferAsync: boolean;
}

/** Pays melt quotes with proofs (NUT-05, NUT-08, NUT-23, NUT-30); see store/schema.ts for the order of writes. */
export class Melts {
  readonly #engine: Engine;
  readonly #methods: Methods;
  readonly #quotes: MeltQuotes;
  readonly #settlement: Settlement;

  constructor(engine: Engine, methods: Methods, quotes: MeltQuotes, settlement: Settlement) {
    this.#engine = engine;
    this.#methods = methods;
    this.#quotes = quotes;
    this.#settlement = settlement;
  }

  /**
   * Pays a quote. A payment on the chain is never waited for (NUT-30). The same request again has the same answer,
   * as the quote stands by then (NUT-19).
   * @returns the quote, PAID or PENDING
   * @throws HashpoolError of the table in protocols/cashu/errors.ts; 'payment-failed' where the inputs are free again
   */
  async melt(methodName: string, request: MeltRequest): Promise<MeltQuote> {
    try {
      return await this.#melt(methodName, request);
    } catch (error) {
      if (!isHashpoolError(error, ...refusals)) throw error;
      const quote = await this.#quotes.find(methodName, request.quote);
      if (await this.#isPaidBy(quote, request)) return quote;
      throw error;
    }
  }

  /** Whether a request was carried out before: its proofs are where those of the quote are. */
  async #isPaidBy(quote: MeltQuote, { inputs, outputs }: MeltRequest): Promise<boolean> {
    if (quote.state === 'UNPAID') return false;
    const keysets = await this.#engine.keysets.named(inputs);
    const checked = checkInputs(inputs, keysets, Math.floor(Date.now() / 1000));
    const rows = await this.#engine.spendable(checked, { outputs, quote: quote.name });
    const states = await this.#engine.proofStates(rows.map(({ y }) => y));
    return states.every(({ state }) => state === (quote.state === 'PAID' ? 'SPENT' : 'PENDING'));
  }

  async #melt(methodName: string, request: MeltRequest): Promise<MeltQuote> {
    const { backend } = methodNamed(this.#methods, methodName);
    this.#engine.issuance.checkOpen();
    this.#settlement.checkRoom();
    const quote = await this.#quotes.find(methodName, request.quote);
    const start = await this.#check(quote, request);
    if (await this.#settleInside(quote, start)) return this.#quotes.find(methodName, quote.name);
    faultPoint('melt-checked');
    const attempt = await this.#engine.store.call('beginMelt', start);
    faultPoint('melt-begun');
    const ys = start.inputs.map(({ y }) => y);
    this.#settlement.tell(methodName, quote.name, ys, 'PENDING');
    const { selectedFee, provided, outputs, claimedUntil } = start;
    const begun = { ...quote, attempt, selectedFee, provided, outputs };
    const paying = this.#settlement.pay(begun, claimedUntil);
    const isWaitedFor = !request.preferAsync && backend.method !== 'onchain';
    const reason = isWaitedFor
      ? await Promise.race([paying, delay(MAX_WAIT_MS, undefined, { ref: false })])
      : undefined;
    const found = await this.#quotes.find(methodName, quote.name);
    if (found.state !== 'UNPAID') return found;
    throw cashuError('payment-failed', `${reason ?? 'no way was found'}; its inputs are free again`);
  }

  /** All checks but the ledger's own, and what it is to hold. */
  async #check(quote: MeltQuote, request: MeltRequest): Promise<MeltStart> {
    const now = Math.floor(Date.now() / 1000);
    const fee = payableFee(quote, request.feeIndex, now);
    const checked = checkInputs(request.inputs, await this.#engine.keysets.named(request.inputs), now);
    const provided = checkProvided(quote, fee, checked);
    const outputs = await this.#blanks(request.outputs, quote.unit, now);
    const spending = { outputs: request.outputs, quote: quote.name };
    const inputs = await this.#engine.spendable(checked, spending);
    const claimedUntil = Date.now() + CLAIM_MS;
    return { id: quote.id, selectedFee: request.feeIndex, provided, inputs, outputs, now, claimedUntil };
  }

  /** Blank outputs must be signable by themselves: when the payment is made it is too late to refuse them. */
  async #blanks(outputs: readonly BlankOutput[], unit: string, now: number): Promise<HeldOutput[]> {
    if (outputs.length === 0) return [];
    const keysets = await this.#engine.keysets.named(outputs);
    const ofOutputs = checkOutputs(
      outputs.map((output) => ({ ...output, exponent: 0 })),
      keysets,
      now,
    );
    if (ofOutputs !== unit)
      throw cashuError('units-differ', `the quote is in ${unit}, outputs in ${ofOutputs}`);
    const arePoints = await this.#engine.signer.arePoints(outputs.map(({ blinded }) => blinded));
    const bad = arePoints.indexOf(false);
    if (bad >= 0)
      throw cashuError('request-malformed', `outputs[${bad}].B_ is no point of secp256k1; blind again`);
    return outputs.map(({ keysetId, blinded }) => ({ blinded, keyset: keysets.get(keysetId)?.row ?? 0 }));
  }

  /** Pays an invoice of this very mint, in one transaction. False where it is none, or was paid from outside. */
  async #settleInside(quote: MeltQuote, start: MeltStart): Promise<boolean> {
    const { method, lookup, amount, name } = quote;
    if (lookup === undefined) return false;
    const own = await this.#engine.store.call('paymentQuoteByLookup', { method, lookup });
    if (!own || own.amountPaid > 0n || own.amount !== amount) return false;
    const change = (await this.#settlement.signChange({ ...start, amount }, 0n)).rows;
    faultPoint('inside-signed');
    const paid = await this.#engine.store.call('settleInside', { start, lookup, change });
    if (!paid) return false;
    faultPoint('inside-settled');
    this.#engine.events.emit('quote-changed', { kind: 'mint', method, quote: quoteIdText(paid) });
    const ys = start.inputs.map(({ y }) => y);
    this.#settlement.tell(method, name, ys, 'SPENT');
    return true;
  }
}

/** @throws HashpoolError 'invoice-paid', 'quote-pending', 'quote-expired', 'request-malformed' */
function payableFee(
  { name, state, expiry, feeOptions }: MeltQuote,
  feeIndex: number,
  now: number,
): FeeOption {
  if (state === 'PAID') throw cashuError('invoice-paid', `quote ${name} is paid; its state has the proof`);
  if (state === 'PENDING')
    throw cashuError('quote-pending', `quote ${name} is being paid; ask for its state`);
  if (now > expiry) throw cashuError('quote-expired', `quote ${name} ended at ${expiry}; take a new one`);
  const fee = feeOptions[feeIndex];
  if (fee) return fee;
  throw cashuError('request-malformed', `fee_index is ${feeIndex}; take one of the quote's fee_options`);
}

/** @returns what the inputs bring after their own fee. @throws HashpoolError 'units-differ', 'not-balanced' */
function checkProvided(quote: MeltQuote, { reserve }: FeeOption, { unit, sum, fee }: CheckedInputs): bigint {
  if (unit !== quote.unit)
    throw cashuError('units-differ', `the quote is in ${quote.unit}, inputs in ${unit}`);
  const needed = quote.amount + reserve + fee;
  if (sum >= needed) return sum - fee;
  throw cashuError(
    'not-balanced',
    `inputs are worth ${sum}; amount ${quote.amount}, fee_reserve ${reserve} and input fee ${fee} take ${needed}`,
  );
}
