import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../../../domain/epochs/accounts.ts';
import { liabilityOf, mismatchOf } from '../../../domain/ledger/sums.ts';
import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { openWorkers, type Workers } from '../../../runtime/workers/pool.ts';
import type { Issuance } from '../issuance.ts';
import type { PaymentBackend } from '../payments/backend.ts';
import { PAYMENT_UNIT } from '../payments/config.ts';
import type { BooksTasks } from './books-thread.ts';

/** How often the books are read whole. */
const INTERVAL_MS = 600_000;
/** How soon again until they were read once: nothing is signed before. */
const FIRST_INTERVAL_MS = 5_000;
/** A start waits so long for the first comparison; with millions of tokens it takes longer, and the mint serves meanwhile. */
const FIRST_WAIT_MS = 2_000;

export interface WatchdogParts {
  /** A SQLite file's path or a PostgreSQL URL. */
  readonly place: string;
  readonly issuance: Issuance;
  readonly backends: readonly PaymentBackend[];
  readonly log: Logger;
}

/** What the mint owes in sats and what is there for it, as they were compared last. */
export interface Standing {
  /** Unix ms. */
  readonly at: number;
  /** To holders of sat ecash and of quotes that are paid and not minted, and to keys that are paid without a wallet. */
  readonly owed: bigint;
  /** What the backends hold; undefined where there is none, or one does not say. */
  readonly held: bigint | undefined;
  /** Of the books of sats. */
  readonly balances: Readonly<Record<Account, bigint>>;
}

/**
 * Compares what is issued, spent and backed, unit by unit. Books that contradict themselves end all signing until an
 * operator has looked: whatever made a token out of nothing must not make another. A backend that holds less than
 * the mint owes is an alert alone, for the tokens are sound.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  readonly #workers: Workers<BooksTasks>;
  #timer: NodeJS.Timeout;
  #checking: Promise<void> | undefined;
  #standing: Standing | undefined;

  private constructor(parts: WatchdogParts, workers: Workers<BooksTasks>) {
    this.#parts = parts;
    this.#workers = workers;
    this.#timer = setInterval(() => void this.check(), FIRST_INTERVAL_MS);
  }

  /**
   * Starts, and begins the first comparison: until it has been made nothing is signed, and where it fails nothing is.
   * @param waitMs how long it is waited for
   */
  static async open(parts: WatchdogParts, waitMs = FIRST_WAIT_MS): Promise<Watchdog> {
    parts.issuance.hold();
    const module = new URL('./books-thread.ts', import.meta.url);
    const data = { place: parts.place };
    const workers = await openWorkers<BooksTasks>({ module, data, size: 1, name: 'watchdog' });
    const watchdog = new Watchdog(parts, workers);
    await Promise.race([watchdog.check(), delay(waitMs, undefined, { ref: false })]);
    return watchdog;
  }

  /** Undefined until the books were read once. */
  get standing(): Standing | undefined {
    return this.#standing;
  }

  /** Never rejects: books that can't be read are said so, and read again. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
    await this.#workers.close();
  }

  async #check(): Promise<void> {
    const { issuance, log } = this.#parts;
    try {
      const { units, balances, payouts, contradictions } = await this.#workers.call('books', null);
      const mismatches = [...units].flatMap(([unit, sums]) => mismatchOf(unit, sums) ?? []);
      const wrong = [...mismatches, ...contradictions];
      if (wrong.length > 0 && issuance.stopped === undefined) {
        const alert = { alert: 'books-mismatch', wrong };
        log.fatal(alert, 'the books contradict themselves: nothing is signed any more');
        issuance.stop(`its books contradict themselves: ${wrong.join('; ')}`);
      }
      if (issuance.isHeld) this.#compared();
      const sums = units.get(PAYMENT_UNIT);
      // As with tokens, what is under way is left out: the backends may have paid it already. Of coinbases they know nothing.
      const owed = (sums ? liabilityOf(sums) : 0n) + payouts.balances + payouts.forCoinbases;
      const held = await this.#held();
      this.#standing = { at: Date.now(), owed, held, balances };
      if (held !== undefined && held < owed) {
        const alert = { alert: 'not-backed', balance: held, owed };
        log.error(alert, `the backends hold ${held} sats, the mint owes ${owed}`);
      }
    } catch (error) {
      const alert = { alert: 'books-unread', err: error };
      log.error(alert, `the books could not be compared: ${messageOf(error)}`);
    }
  }

  /** The books were read once, and whatever is wrong with them has ended all signing. */
  #compared(): void {
    this.#parts.issuance.release();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.check(), INTERVAL_MS);
  }

  /** What all backends hold; undefined where there is none, or one does not say. */
  async #held(): Promise<bigint | undefined> {
    const { backends } = this.#parts;
    const balances = await Promise.all(backends.map((backend) => backend.balance()));
    const known = balances.filter((balance) => balance !== undefined);
    if (known.length === 0 || known.length < balances.length) return undefined;
    return known.reduce((sum, each) => sum + each, 0n);
  }
}
