import { REDEMPTION_UNIT } from '../../domain/epochs/redemption.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Balance, Troubles, Wallet } from '../../services/wallet/wallet.ts';

/** The wallet's sums as the status shows them, over all units. */
export interface WalletFigures {
  readonly walletEhash: bigint;
  readonly ehashWaiting: bigint;
}

/** From one look for what can be redeemed to the next. */
const REDEEM_PAUSE_MS = 60_000;

type CollectedWallet = Pick<Wallet, 'balance' | 'collect' | 'redeem' | 'troubles' | 'units'>;

export interface CollectorOptions {
  readonly intervalMs: number;
  /** Whether ehash that can be redeemed becomes sats. */
  readonly redeems: boolean;
  readonly log: Logger;
  /** Told the units that the mint signs, after each round. */
  onUnits(units: readonly string[]): void;
}

/**
 * Has the wallet collect its ehash again and again. A mint that is away costs a log line and nothing else: mining
 * does not wait for it, and what can't be minted keeps nothing from being redeemed.
 */
export class Collector {
  readonly #wallet: CollectedWallet;
  readonly #redeems: boolean;
  readonly #onUnits: (units: readonly string[]) => void;
  readonly #intervalMs: number;
  readonly #log: Logger;
  #figures: WalletFigures = { walletEhash: 0n, ehashWaiting: 0n };
  #trouble: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #redeemedAt = Number.NEGATIVE_INFINITY;

  constructor(wallet: CollectedWallet, { intervalMs, redeems, log, onUnits }: CollectorOptions) {
    this.#wallet = wallet;
    this.#redeems = redeems;
    this.#onUnits = onUnits;
    this.#intervalMs = intervalMs;
    this.#log = log;
    this.#schedule(0);
  }

  get figures(): WalletFigures {
    return this.#figures;
  }

  /** Words about what keeps the wallet from collecting, or undefined. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Begins no other round. One that is under way ends with the wallet, which finishes what it was asked. */
  close(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#collect().finally(() => this.#schedule(this.#intervalMs));
    }, delayMs);
  }

  /** Epochs become redeemable with a block, so that more often would ask in vain. */
  async #redeem(): Promise<void> {
    if (performance.now() - this.#redeemedAt < REDEEM_PAUSE_MS) return;
    this.#redeemedAt = performance.now();
    for (const { unit, ehash, sats } of await this.#wallet.redeem())
      this.#log.info({ unit, ehash, sats }, `${ehash} ehash became ${sats} sats`);
  }

  /** @returns what the wallet holds back, in words */
  async #show(): Promise<string | undefined> {
    const [balance, units, troubles] = await Promise.all([
      this.#wallet.balance(),
      this.#wallet.units(),
      this.#wallet.troubles(),
    ]);
    this.#onUnits(units);
    const ehash = balance.filter(({ unit }) => unit !== REDEMPTION_UNIT);
    this.#figures = {
      walletEhash: sumOf(ehash, 'amount'),
      ehashWaiting: sumOf(ehash, 'waiting'),
    };
    return wordsOf(troubles);
  }

  async #collect(): Promise<void> {
    const errors: unknown[] = [];
    const step = async <T>(work: () => Promise<T>): Promise<T | undefined> =>
      work().catch((error: unknown) => {
        errors.push(error);
        return undefined;
      });
    await step(() => this.#wallet.collect());
    if (this.#redeems) await step(() => this.#redeem());
    const heldBack = await step(() => this.#show());
    const [error] = errors;
    const trouble = error === undefined ? heldBack : messageOf(error);
    if (trouble === this.#trouble) return;
    if (trouble === undefined) this.#log.info('the wallet collects again');
    else this.#log.warn({ err: error }, `the wallet could not collect: ${trouble}`);
    this.#trouble = trouble;
  }
}

function sumOf(balances: readonly Balance[], field: 'amount' | 'waiting'): bigint {
  return balances.reduce((sum, balance) => sum + balance[field], 0n);
}

/** What is tried again by itself, and may need a person's eye all the same. */
function wordsOf({ refusedQuotes: [refused], stuck: [hanging] }: Troubles): string | undefined {
  if (refused) return `quote ${refused.id} and maybe others are not minted: ${refused.reason}`;
  return hanging && `an operation hangs: ${hanging.reason}`;
}
