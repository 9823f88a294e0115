import { lightningReserve, type ReserveTerms } from '../../../../domain/payments/reserve.ts';
import type { NetworkName } from '../../../../protocols/bitcoin/network.ts';
import { toHex } from '../../../../protocols/bytes.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import type {
  FeeOption,
  Payable,
  Payment,
  PaymentBackend,
  PaymentRequest,
  PaymentState,
  Received,
  WantedRequest,
} from '../backend.ts';
import type { Invoices } from '../invoices.ts';
import {
  bigintOf,
  type LndAccess,
  type LndObject,
  LndRefusal,
  LndRest,
  LndStatus,
  objectOf,
  textOf,
} from './rest.ts';
import { SettledInvoices } from './settled-invoices.ts';

export interface LndSettings extends LndAccess {
  readonly network: NetworkName;
  readonly reserve: ReserveTerms;
}

/** A payment is given up by lnd when it has found no way for so long. */
const PATH_SECONDS = 60;
const MSAT = 1000n;

/**
 * Lightning by lnd's REST API. lnd names a payment by its hash and makes it once; the mint sees to it that one
 * invoice is melted by one quote at a time.
 */
export class LndBackend implements PaymentBackend {
  readonly method = 'bolt11';
  readonly mintOptions = { description: true };
  readonly meltOptions = {};
  readonly network: NetworkName;
  readonly #rest: LndRest;
  readonly #invoices: Invoices;
  readonly #settled: SettledInvoices;
  readonly #reserve: ReserveTerms;
  readonly #stop = new AbortController();
  #checked: Promise<void> | undefined;

  /** Talks to the node when it is first needed: one that is not there yet is no reason not to start. */
  constructor(settings: LndSettings, invoices: Invoices, log: Logger) {
    this.network = settings.network;
    this.#rest = new LndRest(settings);
    this.#invoices = invoices;
    this.#settled = new SettledInvoices(this.#rest, log);
    this.#reserve = settings.reserve;
  }

  async createRequest({ amount, description, seconds }: WantedRequest): Promise<PaymentRequest> {
    await this.#check();
    const invoice = await this.#rest.call('POST', '/v1/invoices', {
      value: String(amount ?? 0n),
      memo: description ?? '',
      expiry: String(seconds),
      private: true,
    });
    const request = textOf(invoice, 'payment_request');
    const { expiresAt } = await this.#invoices.decode(request);
    return { request, lookup: toHex(Buffer.from(textOf(invoice, 'r_hash'), 'base64')), expiry: expiresAt };
  }

  /** lnd cancels what was not paid in time, and never takes a payment to it after that. */
  async hasEnded(lookup: string): Promise<boolean> {
    await this.#check();
    try {
      const { state } = await this.#rest.call('GET', `/v1/invoice/${lookup}`);
      return state === 'CANCELED';
    } catch (error) {
      if (error instanceof LndRefusal && isUnknownInvoice(error)) return true;
      throw error;
    }
  }

  async received(after: string | undefined, limit: number): Promise<Received> {
    await this.#check();
    return this.#settled.take(after, limit);
  }

  onReceived(listener: () => void): void {
    this.#settled.onSettled(listener);
  }

  async quotePayment({ amount }: Payable): Promise<readonly FeeOption[]> {
    return [{ reserve: lightningReserve(amount, this.#reserve), blocks: undefined, note: undefined }];
  }

  async pay(payment: Payment, until: number): Promise<PaymentState> {
    await this.#check();
    const { amountMsat } = await this.#invoices.decode(payment.request);
    if (Date.now() >= until) throw new HashpoolError('lnd-unreachable', 'lnd was not reached in time');
    const body = {
      payment_request: payment.request,
      fee_limit_msat: String(payment.fee.reserve * MSAT),
      timeout_seconds: PATH_SECONDS,
      ...(amountMsat === undefined ? { amt: String(payment.amount) } : {}),
    };
    try {
      const sending = { body, answersBy: until };
      for await (const update of this.#rest.stream('POST', '/v2/router/send', this.#stop.signal, sending)) {
        const state = stateOf(update);
        if (state.state !== 'pending') return state;
      }
    } catch (error) {
      if (!(error instanceof LndRefusal)) throw error;
      return this.#afterRefusal(payment, error);
    }
    return this.lookUp(payment);
  }

  async lookUp({ request }: Payment): Promise<PaymentState> {
    await this.#check();
    const { paymentHash } = await this.#invoices.decode(request);
    const path = `/v2/router/track/${pathBytes(paymentHash)}`;
    try {
      for await (const update of this.#rest.stream('GET', path, this.#stop.signal)) return stateOf(update);
    } catch (error) {
      if (error instanceof LndRefusal && isNeverBegun(error)) return { state: 'unknown' };
      throw error;
    }
    throw new HashpoolError('lnd-bad-answer', 'lnd says nothing of a payment; ask again');
  }

  async balance(): Promise<bigint> {
    const { local_balance } = await this.#rest.call('GET', '/v1/balance/channels');
    return bigintOf(objectOf(local_balance), 'sat');
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#settled.close();
    this.#rest.close();
  }

  /** lnd refuses what it has made before, and what it never begins; which of the two it was, it knows. */
  async #afterRefusal(payment: Payment, refusal: LndRefusal): Promise<PaymentState> {
    const known = await this.lookUp(payment);
    return known.state === 'unknown' ? { state: 'failed', reason: refusal.message } : known;
  }

  /** @throws HashpoolError 'lnd-wrong-network', 'lnd-unreachable' */
  #check(): Promise<void> {
    this.#checked ??= this.#checkNetwork().catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    });
    return this.#checked;
  }

  async #checkNetwork(): Promise<void> {
    const { chains } = await this.#rest.call('GET', '/v1/getinfo');
    const networks = Array.isArray(chains) ? chains.map((chain) => objectOf(chain)['network']) : [];
    if (networks.includes(this.network)) return;
    throw new HashpoolError(
      'lnd-wrong-network',
      `[payments.lnd] url leads to a node on ${networks.join(', ')}; the mint is on ${this.network}`,
    );
  }
}

/** Whether lnd itself says so: a proxy before it has the same status for other reasons. */
function isNeverBegun({ status, message }: LndRefusal): boolean {
  return status === LndStatus.notFound && message.includes("payment isn't initiated");
}

/** As `isNeverBegun`, of an invoice. */
function isUnknownInvoice({ status, message }: LndRefusal): boolean {
  return status === LndStatus.notFound && message.includes('unable to locate invoice');
}

/** Bytes in a path, as lnd reads them: the URL alphabet of base64, with its padding. */
function pathBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function stateOf(update: LndObject): PaymentState {
  switch (update['status']) {
    case 'SUCCEEDED':
      return {
        state: 'paid',
        proof: textOf(update, 'payment_preimage'),
        fee: (bigintOf(update, 'fee_msat') + MSAT - 1n) / MSAT,
      };
    case 'FAILED':
      return { state: 'failed', reason: `lnd says ${textOf(update, 'failure_reason')}` };
    default:
      return { state: 'pending' };
  }
}
