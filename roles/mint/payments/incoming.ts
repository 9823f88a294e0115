import { toHex } from '../../../protocols/bytes.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { messageOf } from '../../../protocols/errors.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { MintEvents } from '../events.ts';
import type { Receipt } from '../store/payments.ts';
import type { MintOperations } from '../store/store.ts';
import type { Method } from './methods.ts';

/** Payments in one transaction. */
const BATCH = 100;
/** How often the backend is asked though it has not called. */
const POLL_MS = 5_000;
/** Wallets that ask for a quote's state make the backend be asked this often at most. */
const MIN_PAUSE_MS = 1_000;

/** Fetches one backend's payments, from the watermark on, and credits them. */
export class Incoming {
  readonly #name: string;
  readonly #method: Method;
  readonly #store: Store<MintOperations>;
  readonly #events: MintEvents;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #fetching: Promise<void> | undefined;
  #isStale = false;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #hasFailed = false;

  constructor(name: string, method: Method, store: Store<MintOperations>, events: MintEvents, log: Logger) {
    this.#name = name;
    this.#method = method;
    this.#store = store;
    this.#events = events;
    this.#log = log;
    this.#timer = setInterval(() => void this.fetch(), POLL_MS);
    method.backend.onReceived(() => void this.fetch());
  }

  /** Credits what has come in since the last time. Never rejects: a backend that is not there is asked again. */
  fetch(): Promise<void> {
    // Whoever asks while an answer is under way may know of a payment that it does not hold.
    this.#isStale = true;
    this.#fetching ??= this.#fetchAll().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** The same, unless it was done a moment ago; what is under way is waited for. */
  async refresh(): Promise<void> {
    if (this.#fetching !== undefined) await this.#fetching;
    else if (performance.now() - this.#fetchedAt >= MIN_PAUSE_MS) await this.fetch();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStale = false;
    await this.#fetching;
  }

  async #fetchAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      try {
        let count = BATCH;
        while (count >= BATCH) count = await this.#fetchBatch();
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed)
          this.#log.warn({ err: error, method: this.#name }, `no payments are seen: ${messageOf(error)}`);
        this.#hasFailed = true;
      }
      this.#fetchedAt = performance.now();
    }
  }

  async #fetchBatch(): Promise<number> {
    const after = await this.#store.call('watermark', this.#name);
    const { payments, position } = await this.#method.backend.received(after, BATCH);
    if (payments.length === 0 && position === after) return 0;
    faultPoint('payments-received');
    const receipts = await this.#store.call('creditPayments', {
      method: this.#name,
      position,
      minimum: this.#method.mint.min,
      payments,
    });
    faultPoint('payments-stored');
    for (const receipt of receipts) this.#told(receipt);
    return payments.length;
  }

  #told({ quote, paymentId, amount, credited, rewardOf }: Receipt): void {
    const facts = { method: this.#name, payment: paymentId, amount, credited };
    if (rewardOf) {
      this.#log.info({ ...facts, pool: toHex(rewardOf) }, `a reward of ${amount} sats came in`);
      return;
    }
    if (quote === undefined) {
      this.#log.info(facts, "a payment came in that is for no quote: the operator's own");
      return;
    }
    if (credited < amount)
      this.#log.warn({ ...facts, alert: 'payment-not-credited' }, 'a payment did not fit its quote');
    else this.#log.info(facts, 'a payment came in');
    if (credited === 0n) return;
    this.#events.emit('quote-changed', { kind: 'mint', method: this.#name, quote: quoteIdText(quote) });
  }
}
