import { hash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { lightningReserve, type ReserveTerms } from '../../../../domain/payments/reserve.ts';
import { toHex } from '../../../../protocols/bytes.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { openStore, type Store } from '../../../../runtime/sql/store.ts';
import type {
  FeeOption,
  Payable,
  Payment,
  PaymentBackend,
  PaymentMethod,
  PaymentRequest,
  PaymentState,
  Received,
  WantedRequest,
} from '../backend.ts';
import type { Invoices } from '../invoices.ts';
import type { FakeOperations, FakeOutgoing } from './fake-store.ts';
import { instructionsOf } from './instructions.ts';

export interface FakeSettings {
  /** Milliseconds after which a request with an amount is paid; undefined for never. */
  readonly paysAfterMs: number | undefined;
  /** What every payment out costs, where so much was set aside for it. */
  readonly fee: bigint;
  readonly reserve: ReserveTerms;
}

/** A node id that everybody can sign for: it is paid nothing but play money. */
const NODE_KEY = hash('sha256', 'hashpool fake Lightning node', 'buffer');

/** How long after its start a mint has stored what was asked for, by itself or by another of its processes. */
const STORED_BY_MS = 2_000;

/**
 * A payment network that moves no money: what it is asked to receive comes by itself, and it pays any invoice, of
 * any chain and age, as peers' fake wallets do; see instructions.ts for how to make it fail.
 */
export class FakeBackend implements PaymentBackend {
  readonly method: PaymentMethod;
  readonly network = undefined;
  readonly mintOptions: Readonly<Record<string, unknown>>;
  readonly meltOptions: Readonly<Record<string, unknown>>;
  readonly #store: Store<FakeOperations>;
  readonly #invoices: Invoices;
  readonly #settings: FakeSettings;
  readonly #timers = new Set<NodeJS.Timeout>();
  #listener: () => void = () => undefined;

  private constructor(
    method: PaymentMethod,
    store: Store<FakeOperations>,
    invoices: Invoices,
    settings: FakeSettings,
  ) {
    this.method = method;
    this.#store = store;
    this.#invoices = invoices;
    this.#settings = settings;
    this.mintOptions = method === 'bolt11' ? { description: true } : { confirmations: 1 };
    this.meltOptions = method === 'bolt11' ? { amountless: true } : {};
  }

  /** @param path a file of its own, or the mint's PostgreSQL database */
  static async open(
    method: PaymentMethod,
    path: string,
    invoices: Invoices,
    settings: FakeSettings,
  ): Promise<FakeBackend> {
    const module = new URL('./fake-store.ts', import.meta.url);
    const store = await openStore<FakeOperations>({
      module,
      path,
      name: 'fake payments',
      data: { method },
    });
    const { paysAfterMs } = settings;
    // A mint that was killed has stored requests that it never told of.
    if (paysAfterMs !== undefined) await store.call('makeAllDue', Date.now() + STORED_BY_MS + paysAfterMs);
    return new FakeBackend(method, store, invoices, settings);
  }

  async createRequest({ amount, description, seconds }: WantedRequest): Promise<PaymentRequest> {
    const createdAt = Math.floor(Date.now() / 1000);
    const paymentHash = randomBytes(32);
    const expiry = createdAt + seconds;
    const request =
      this.method === 'onchain'
        ? `fake-address-${toHex(paymentHash)}`
        : await this.#invoices.encode(
            {
              network: 'mainnet',
              amountMsat: amount === undefined ? undefined : amount * 1000n,
              createdAt,
              expiresAt: expiry,
              paymentHash,
              paymentSecret: randomBytes(32),
              description: description ?? '',
            },
            NODE_KEY,
          );
    const lookup = this.method === 'onchain' ? request : toHex(paymentHash);
    await this.#store.call('addRequest', { lookup, amount });
    return { request, lookup, expiry };
  }

  /** It looks at no end of an invoice: one that is not paid by then is never paid. */
  async hasEnded(lookup: string): Promise<boolean> {
    return this.method === 'bolt11' && this.#store.call('isUnpaid', lookup);
  }

  async requestStored(lookup: string): Promise<void> {
    const { paysAfterMs } = this.#settings;
    if (paysAfterMs === undefined) return;
    await this.#store.call('makeDue', { lookup, due: Date.now() + paysAfterMs });
    if (paysAfterMs === 0) this.#listener();
    else this.#notifyIn(paysAfterMs);
  }

  /** For tests: somebody pays to a request. */
  async deposit(lookup: string, amount: bigint, seenAt = Math.floor(Date.now() / 1000)): Promise<void> {
    await this.#store.call('deposit', { lookup, amount, seenAt });
    this.#listener();
  }

  async received(after: string | undefined, limit: number): Promise<Received> {
    const start = Number(after ?? '0');
    const rows = await this.#store.call('received', { now: Date.now(), after: start, limit });
    return {
      payments: rows.map(({ incoming, lookup, amount, seenAt }) => {
        return { id: `${lookup}.${incoming}`, lookup, amount, seenAt };
      }),
      position: String(rows.at(-1)?.incoming ?? start),
    };
  }

  onReceived(listener: () => void): void {
    this.#listener = listener;
  }

  async quotePayment({ amount }: Payable): Promise<readonly FeeOption[]> {
    const reserve = lightningReserve(amount, this.#settings.reserve);
    if (this.method === 'bolt11') return [{ reserve, blocks: undefined, note: undefined }];
    return [1, 6, 144].map((blocks, i) => ({ reserve: reserve * BigInt(3 - i), blocks, note: undefined }));
  }

  async pay(payment: Payment): Promise<PaymentState> {
    const { pay, check, payThrows, delayMs } = await this.#instructions(payment);
    const known = await this.#store.call('outgoing', payment.key);
    if (known) return stateOf(known);
    const { key, request, amount } = payment;
    const fee = this.#settings.fee < payment.fee.reserve ? this.#settings.fee : payment.fee.reserve;
    const made = { key, request, amount, fee };
    if (check !== 'UNKNOWN') await this.#store.call('pay', { ...made, result: check });
    await delay(delayMs);
    if (payThrows) throw new HashpoolError('fake-trouble', 'the fake node does not answer, as it was told');
    return stateOf({ ...made, result: pay });
  }

  async lookUp(payment: Payment): Promise<PaymentState> {
    const { checkThrows } = await this.#instructions(payment);
    if (checkThrows) throw new HashpoolError('fake-trouble', 'the fake node does not answer, as it was told');
    const known = await this.#store.call('outgoing', payment.key);
    return known ? stateOf(known) : { state: 'unknown' };
  }

  balance(): Promise<bigint> {
    return this.#store.call('balance', null);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#store.close();
  }

  async #instructions({ request }: Payment) {
    if (this.method === 'onchain') return instructionsOf('');
    return instructionsOf((await this.#invoices.decode(request)).description);
  }

  #notifyIn(milliseconds: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#listener();
    }, milliseconds + 1);
    this.#timers.add(timer);
  }
}

/** Nobody but the payee knows the preimage; what stands in its place is none. */
function stateOf({ key, fee, result }: FakeOutgoing): PaymentState {
  switch (result) {
    case 'PAID':
      return { state: 'paid', proof: hash('sha256', `fake preimage of ${key}`), fee };
    case 'PENDING':
      return { state: 'pending' };
    case 'FAILED':
      return { state: 'failed', reason: 'the fake node was told to fail' };
    case 'UNKNOWN':
      return { state: 'unknown' };
  }
}
