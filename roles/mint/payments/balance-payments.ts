import { randomBytes } from 'node:crypto';
import { WHOLE_PPM } from '../../../domain/epochs/price.ts';
import { newQuoteId, QUOTE_ID_RANDOM_BYTES, quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { isHashpoolError, messageOf } from '../../../protocols/errors.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Engine } from '../engine.ts';
import type { PayableBalance } from '../store/payout-balances.ts';
import type { PaymentBackend } from './backend.ts';
import { CLAIM_MS, type Settlement } from './settlement.ts';

/** How often balances are looked at; the backend gathers what is begun by its own interval. */
const INTERVAL_MS = 5_000;
/** Payments that are begun in one turn. */
const AT_ONCE = 100;

export interface BalancePaymentsParts {
  readonly engine: Engine;
  /** That of the chain. */
  readonly backend: PaymentBackend;
  readonly settlement: Settlement;
  /** The least balance that is paid, in sats. */
  readonly least: bigint;
  /** The most that a payment may cost, in millionths of its balance: else it waits. */
  readonly maxFeePpm: number;
  readonly log: Logger;
  readonly intervalMs?: number;
}

/**
 * Pays balances of keys without a wallet on the chain. Each payment is a melt quote of the mint's own that no tokens pay:
 * its sats are held in the transaction that makes it PENDING, before the backend hears of it, and from then on it is
 * settled, looked up and given up like any other. What it costs is the miner's: the cheapest speed is taken, and of the
 * reserve for its fee what the backend did not take goes back to the balance.
 */
export class BalancePayments {
  readonly #parts: BalancePaymentsParts;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #trouble = '';

  constructor(parts: BalancePaymentsParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.run(), parts.intervalMs ?? INTERVAL_MS).unref();
  }

  /** Begins the payments that are due. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { engine, settlement, least } = this.#parts;
    try {
      engine.issuance.checkOpen();
      const due = await engine.store.call('payableBalances', { least, limit: AT_ONCE });
      let trouble = '';
      for (const balance of due) {
        settlement.checkRoom();
        trouble = (await this.#pay(balance)) ?? trouble;
      }
      this.#note(trouble);
    } catch (error) {
      this.#note(messageOf(error), error);
    }
  }

  /** @returns why it waits, where it does: the wallet may have enough for another one */
  async #pay(balance: PayableBalance): Promise<string | undefined> {
    try {
      return await this.#begin(balance);
    } catch (error) {
      // Another process, or a coinbase, has it.
      if (isHashpoolError(error, 'balance-changed')) return undefined;
      if (isHashpoolError(error, 'payment-failed')) return error.message;
      throw error;
    }
  }

  async #begin({ payoutKey, address, sats }: PayableBalance): Promise<string | undefined> {
    const { engine, backend, settlement, log, maxFeePpm } = this.#parts;
    const feeOptions = await backend.quotePayment({ request: address, amount: sats });
    const selectedFee = feeOptions.length - 1;
    const fee = feeOptions[selectedFee];
    if (!fee) return 'the backend offers no fee';
    const most = (sats * BigInt(maxFeePpm)) / BigInt(WHOLE_PPM);
    if (fee.reserve > most)
      return `a payment of ${sats} sats may cost ${fee.reserve}, and ${most} at most is allowed`;
    // The limits of the method are for strangers' wishes: this is owed.
    const amount = sats - fee.reserve;
    const id = newQuoteId(Date.now(), randomBytes(QUOTE_ID_RANDOM_BYTES));
    const claimedUntil = Date.now() + CLAIM_MS;
    const payment = { id, request: address, amount, feeOptions, selectedFee, provided: sats };
    await engine.store.call('payBalance', { ...payment, payoutKey, claimedUntil });
    faultPoint('balance-held');
    log.info({ quote: quoteIdText(id), amount, reserve: fee.reserve }, 'an auto-payout begins');
    const begun = { ...payment, method: backend.method, attempt: 1, outputs: [] };
    await settlement.pay(begun, claimedUntil);
    return undefined;
  }

  #note(trouble: string, error?: unknown): void {
    if (trouble !== '' && trouble !== this.#trouble)
      this.#parts.log.warn({ err: error }, `auto-payouts wait: ${trouble}; they are tried again`);
    this.#trouble = trouble;
  }
}
