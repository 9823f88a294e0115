import { randomBytes } from 'node:crypto';
import { WHOLE_PPM } from '../../../domain/epochs/price.ts';
import { cashuErrorRow } from '../../../protocols/cashu/errors.ts';
import { newQuoteId, QUOTE_ID_RANDOM_BYTES, quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { HashpoolError, isHashpoolError } from '../../../protocols/errors.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { Rounds } from '../../../runtime/rounds.ts';
import type { Engine } from '../engine.ts';
import type { PayableBalance } from '../store/payout-balances.ts';
import type { PaymentBackend } from './backend.ts';
import { CLAIM_MS, type Settlement } from './settlement.ts';

/** How often balances are looked at; the backend gathers what is begun by its own interval. */
const INTERVAL_MS = 5_000;
/** Balances that are tried in one turn. */
const AT_ONCE = 100;
/** The status of errors that are nobody's own: the wallet does not answer, too much is under way. */
const UNAVAILABLE = 503;

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
 * reserve for its fee what the backend did not take goes back to the balance. An address has one payment under way: no
 * transaction pays one twice, and a transaction for each key that names it would take the wallet's coins from the others.
 */
export class BalancePayments {
  readonly #parts: BalancePaymentsParts;
  readonly #rounds: Rounds;
  /** The balance that was tried last: a turn goes on behind it, and behind the smallest with the largest. */
  #last: PayableBalance | undefined;
  /** The first trouble of this pass from the largest to the smallest, and that of the pass before. */
  #trouble: unknown;
  #troubleBefore: unknown;

  constructor(parts: BalancePaymentsParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(() => this.#run(), {
      everyMs: parts.intervalMs ?? INTERVAL_MS,
      onTrouble: (err, trouble) =>
        parts.log.warn({ err }, `auto-payouts wait: ${trouble}; they are tried again`),
    });
  }

  /** Begins the payments that are due. Never rejects. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  close(): Promise<void> {
    return this.#rounds.close();
  }

  /** @throws what keeps all from being paid; else the trouble of one, as long as a pass has any */
  async #run(): Promise<void> {
    const { engine, settlement, least } = this.#parts;
    engine.issuance.checkOpen();
    const due = await engine.store.call('payableBalances', { least, limit: AT_ONCE, after: this.#last });
    const served = new Set<string>();
    for (const balance of due) {
      settlement.checkRoom();
      this.#last = balance;
      const isBegun = !served.has(balance.address) && (await this.#pay(balance));
      if (isBegun) served.add(balance.address);
    }
    if (due.length < AT_ONCE) {
      this.#last = undefined;
      this.#troubleBefore = this.#trouble;
      this.#trouble = undefined;
    }
    const trouble = this.#trouble ?? this.#troubleBefore;
    if (trouble !== undefined) throw trouble;
  }

  /**
   * What keeps one balance from being paid is noted, and keeps no other one: the wallet may have enough for that.
   * @returns whether its payment has begun
   */
  async #pay(balance: PayableBalance): Promise<boolean> {
    try {
      await this.#begin(balance);
      return true;
    } catch (error) {
      if (cashuErrorRow(error)?.status === UNAVAILABLE) throw error;
      // Else another process, or a coinbase, has it.
      if (!isHashpoolError(error, 'balance-changed')) this.#trouble ??= error;
      return false;
    }
  }

  async #begin({ payoutKey, address, sats }: PayableBalance): Promise<void> {
    const { engine, backend, settlement, log, maxFeePpm } = this.#parts;
    const feeOptions = await backend.quotePayment({ request: address, amount: sats });
    const selectedFee = feeOptions.length - 1;
    const fee = feeOptions[selectedFee];
    if (!fee) throw new HashpoolError('no-fee-offered', 'the backend offers no fee');
    const most = (sats * BigInt(maxFeePpm)) / BigInt(WHOLE_PPM);
    if (fee.reserve > most) {
      const words = `a payment of ${sats} sats may cost ${fee.reserve}, and ${most} at most is allowed`;
      throw new HashpoolError('payment-too-dear', words);
    }
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
  }
}
