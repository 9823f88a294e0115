import { amountOf, sumOf } from '../../protocols/cashu/amount.ts';
import type { Books } from './books.ts';

/** The mint's sums for the status screen. Counted up after each commit, so they never show what a crash could undo. */
export class Figures {
  #quotes: number;
  #total: bigint;
  #issued: bigint;

  constructor(books: Books) {
    this.#quotes = books.quotes.count;
    this.#total = books.quotes.sum;
    this.#issued = books.issued.sum;
  }

  created(exponents: readonly number[]): void {
    this.#quotes += exponents.length;
    this.#total += sumOf(exponents);
  }

  issued(exponents: readonly number[]): void {
    this.#issued += sumOf(exponents);
  }

  voided(exponents: readonly number[]): void {
    this.#quotes -= exponents.length;
    for (const exponent of exponents) this.#total -= amountOf(exponent);
  }

  /** In ehash; waiting is what wallets have not minted yet. */
  get values(): { quotes: number; ehash_total: bigint; ehash_waiting: bigint; ehash_issued: bigint } {
    return {
      quotes: this.#quotes,
      ehash_total: this.#total,
      ehash_waiting: this.#total - this.#issued,
      ehash_issued: this.#issued,
    };
  }
}
