import { setTimeout as delay } from 'node:timers/promises';
import { changeOf } from '../../../domain/payments/change.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { parseQuoteId, quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Engine } from '../engine.ts';
import type { Issue } from '../issuance.ts';
import type { MeltRow } from '../store/melt-row.ts';
import type { Payment, PaymentBackend, PaymentState } from './backend.ts';
import { type Methods, methodNamed } from './methods.ts';

/** For how long whoever began a payment is left to see to it alone. */
export const CLAIM_MS = 15_000;
/** How long after a look-up the next one is due. */
const LOOK_AGAIN_MS = 5_000;
/** How often payments are looked for that nobody sees to. */
const LOOK_MS = 2_000;
/** Payments looked up at once. */
const LOOKED_UP_AT_ONCE = 50;
/** Payments that are waited for at once; beyond, wallets are told to come back. */
const MAX_UNDER_WAY = 1_000;
/** A stopping mint waits so long for payments under way; the next start takes up the rest. */
const CLOSE_MS = 2_000;

/** A quote whose payment was begun. */
export type BegunMelt = Pick<
  MeltRow,
  'id' | 'method' | 'request' | 'amount' | 'feeOptions' | 'attempt' | 'selectedFee' | 'provided' | 'outputs'
>;

/**
 * Brings begun payments to their end: PAID with change, or UNPAID again where the backend has failed for good. What
 * is not certain stays PENDING and is looked up, at the start and by a timer, until it is.
 */
export class Settlement {
  readonly #engine: Engine;
  readonly #methods: Methods;
  readonly #log: Logger;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #maxUnderWay: number;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(engine: Engine, methods: Methods, log: Logger, maxUnderWay = MAX_UNDER_WAY) {
    this.#engine = engine;
    this.#methods = methods;
    this.#log = log;
    this.#maxUnderWay = maxUnderWay;
  }

  /**
   * Takes up all that the last run left, whoever saw to it; where other processes may be at work, what is theirs is
   * left to them until their claims end. Change is signed for what has ended: it waits for the books, lest a payment
   * be claimed and come to no end.
   */
  async start(): Promise<void> {
    await this.#engine.issuance.released;
    this.#timer = setInterval(() => void this.lookAfter(Date.now()), LOOK_MS);
    await this.lookAfter(Date.now(), !this.#engine.isShared);
  }

  /** Whether one more payment can be begun. @throws HashpoolError 'overloaded' */
  checkRoom(): void {
    if (this.#underWay.size < this.#maxUnderWay) return;
    throw cashuError('overloaded', `${this.#underWay.size} payments are under way; try again later`);
  }

  /**
   * Has the backend pay; never rejects.
   * @param claimedUntil milliseconds since 1970
   * @returns why it has failed, where it has
   */
  pay(melt: BegunMelt, claimedUntil: number): Promise<string | undefined> {
    return this.#settle(melt, (backend, payment) => payClaimed(backend, payment, claimedUntil));
  }

  /** Looks one payment up that its backend has news of, whoever sees to it. @param key as `Payment` has it */
  hear(key: string): void {
    this.#lookUp(key).catch((error: unknown) => {
      this.#log.warn({ err: error }, `a payment's progress is not seen yet: ${messageOf(error)}`);
    });
  }

  async #lookUp(key: string): Promise<void> {
    await this.#engine.issuance.released;
    const [name = '', attempt] = key.split('.');
    const id = parseQuoteId(name);
    const melt = id && (await this.#engine.store.call('melt', id));
    if (melt?.state !== 'PENDING' || String(melt.attempt) !== attempt) return;
    await this.#settle(melt, (backend, payment) => backend.lookUp(payment));
  }

  /** Signs what a melt gives back (NUT-08). */
  async signChange(
    { provided, amount, outputs }: Pick<BegunMelt, 'provided' | 'amount' | 'outputs'>,
    fee: bigint,
  ): Promise<Issue> {
    const idOf = await this.#engine.keysets.idsOf(outputs.map(({ keyset }) => keyset));
    const exponents = changeOf(provided ?? 0n, amount, fee, outputs.length);
    const signed = exponents.flatMap((exponent, i) => {
      const blank = outputs[i];
      return blank ? [{ keysetId: idOf.get(blank.keyset) ?? '', exponent, blinded: blank.blinded }] : [];
    });
    return this.#engine.issuance.sign(signed);
  }

  /** Tells the mint's other parts how a melt stands. */
  tell(
    method: string,
    quote: string,
    ys: readonly Uint8Array[],
    state: 'PENDING' | 'SPENT' | 'UNSPENT',
  ): void {
    this.#engine.events.emit('quote-changed', { kind: 'melt', method, quote });
    this.#engine.events.emit('proofs-changed', { ys, state });
  }

  /** Waits a moment for what is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([Promise.all(this.#underWay), delay(CLOSE_MS, undefined, { ref: false })]);
  }

  /**
   * Payments that nobody sees to, one lot after the other.
   * @param now milliseconds since 1970
   * @param isAlone whoever has claimed any is gone
   */
  async lookAfter(now: number, isAlone = false): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      if (isAlone) await this.#engine.store.call('dropClaims', null);
      const asked = { now, until: now + LOOK_AGAIN_MS, limit: LOOKED_UP_AT_ONCE };
      for (let more = true; more; ) {
        const melts = await this.#engine.store.call('claimMelts', asked);
        await Promise.all(melts.map((melt) => this.#takeUp(melt, asked.until)));
        more = melts.length === LOOKED_UP_AT_ONCE;
      }
    } catch (error) {
      this.#log.warn({ err: error }, `pending payments are not looked up: ${messageOf(error)}`);
    } finally {
      this.#isLooking = false;
    }
  }

  /** Looks a payment up, and has it paid where the backend never heard of it. */
  #takeUp(melt: BegunMelt, claimedUntil: number): Promise<string | undefined> {
    return this.#settle(melt, async (backend, payment) => {
      const found = await backend.lookUp(payment);
      if (found.state !== 'unknown') return found;
      // What pays for it may be tokens from nothing.
      this.#engine.issuance.checkOpen();
      return payClaimed(backend, payment, claimedUntil);
    });
  }

  #settle(
    melt: BegunMelt,
    ask: (backend: PaymentBackend, payment: Payment) => Promise<PaymentState>,
  ): Promise<string | undefined> {
    const work = this.#settled(melt, ask);
    this.#underWay.add(work);
    return work.finally(() => this.#underWay.delete(work));
  }

  async #settled(
    melt: BegunMelt,
    ask: (backend: PaymentBackend, payment: Payment) => Promise<PaymentState>,
  ): Promise<string | undefined> {
    const name = quoteIdText(melt.id);
    const facts = { method: melt.method, quote: name, attempt: melt.attempt };
    try {
      const found = await ask(methodNamed(this.#methods, melt.method).backend, paymentOf(melt, name));
      faultPoint('melt-paid');
      await this.#end(melt, name, found);
      if (found.state !== 'pending') this.#log.info({ ...facts, ...found }, 'a payment has ended');
      return found.state === 'failed' ? found.reason : undefined;
    } catch (error) {
      this.#log.warn({ ...facts, err: error }, `a payment stays pending: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** What a payment cost, as the wallet pays it: a backend that broke its promise is the operator's loss. */
  #charged({ id, amount, provided = amount }: BegunMelt, fee: bigint): bigint {
    const most = provided - amount;
    if (fee <= most) return fee;
    const alert = { alert: 'fee-above-reserve', quote: quoteIdText(id), fee, most };
    this.#log.error(alert, 'a backend paid more for a payment than it had promised');
    return most;
  }

  async #end(melt: BegunMelt, name: string, found: PaymentState): Promise<void> {
    const { id, attempt, method } = melt;
    if (found.state === 'paid') {
      const { proof } = found;
      const fee = this.#charged(melt, found.fee);
      const change = (await this.signChange(melt, fee)).rows;
      faultPoint('melt-signed');
      const ys = await this.#engine.store.call('finishMelt', { id, attempt, proof, fee, change });
      faultPoint('melt-finished');
      if (ys) this.tell(method, name, ys, 'SPENT');
    } else if (found.state === 'failed') {
      const ys = await this.#engine.store.call('releaseMelt', { id, attempt });
      faultPoint('melt-released');
      if (ys) this.tell(method, name, ys, 'UNSPENT');
    } else if (found.state === 'pending' && found.proof !== undefined) {
      const isNews = await this.#engine.store.call('noteMelt', { id, attempt, proof: found.proof });
      if (isNews) this.#engine.events.emit('quote-changed', { kind: 'melt', method, quote: name });
    }
  }
}

/**
 * Pays only while this process has the payment to itself: later another one may have seen it fail, and the inputs
 * are free. @throws HashpoolError 'claim-over'
 */
async function payClaimed(
  backend: PaymentBackend,
  payment: Payment,
  claimedUntil: number,
): Promise<PaymentState> {
  if (Date.now() < claimedUntil) return backend.pay(payment, claimedUntil);
  throw new HashpoolError('claim-over', 'the mint was held up for too long; it looks the payment up anew');
}

function paymentOf(melt: BegunMelt, name: string): Payment {
  const { request, amount, attempt, feeOptions, selectedFee } = melt;
  const fee = feeOptions[selectedFee ?? 0] ?? { reserve: 0n, blocks: undefined, note: undefined };
  return { key: `${name}.${attempt}`, request, amount, fee };
}
