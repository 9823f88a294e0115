import type { Logger } from '../../../../runtime/logs.ts';
import type { Store } from '../../../../runtime/sql/store.ts';
import { coinOf } from './build.ts';
import type { Undone } from './deposits.ts';
import type { PayoutOperations } from './payout-store.ts';
import type { Wallet } from './wallet.ts';

/** Deposits looked at in one go. */
const MAX_LOOKED_AT = 1_000;

/**
 * Deposits that were credited and that a reorganization deeper than the confirmations asked for has taken out of the
 * chain. The mint takes nothing back: it has signed for them. It says how much is missing until they are back.
 */
export class UndoneDeposits {
  readonly #wallet: Wallet;
  readonly #store: Store<PayoutOperations>;
  readonly #confirmations: number;
  readonly #log: Logger;
  #trouble: string | undefined;

  constructor(wallet: Wallet, store: Store<PayoutOperations>, confirmations: number, log: Logger) {
    this.#wallet = wallet;
    this.#store = store;
    this.#confirmations = confirmations;
    this.#log = log;
  }

  /** What is missing, in words; undefined where nothing is. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Remembers what has left the chain, and looks what is back. */
  async note(undone: Undone): Promise<void> {
    if (undone.sent.length > 0 || undone.deposits.length > 0) await this.#alert(undone);
    const missing = await this.#store.call('undoneDeposits', MAX_LOOKED_AT);
    let sats = 0n;
    for (const { outpoint, amount } of missing) {
      if (await this.#isBack(outpoint)) await this.#store.call('forgetUndone', outpoint);
      else sats += amount;
    }
    this.#trouble = sats > 0n ? `a reorganization has undone deposits of ${sats} sats` : undefined;
  }

  async #alert(undone: Undone): Promise<void> {
    const { deposits, sendings } = await this.#store.call('noteUndone', undone);
    if (deposits === 0 && sendings === 0) return;
    this.#log.error(
      { alert: 'payments-undone', deposits: undone.deposits, payouts: undone.sent },
      `a reorganization deeper than ${this.#confirmations} blocks has undone ${deposits} deposits and ${sendings} payouts that counted as final`,
    );
  }

  async #isBack(outpoint: string): Promise<boolean> {
    const depth = await this.#wallet.confirmations(coinOf(outpoint).txid);
    if (depth === undefined || depth < this.#confirmations) return false;
    this.#log.info({ outpoint }, 'a deposit that was undone is confirmed again');
    return true;
  }
}
