import { messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Wallet } from '../../services/wallet/wallet.ts';

/** The wallet's sums as the status shows them, over all units. */
export interface WalletFigures {
  readonly walletEhash: bigint;
  readonly ehashWaiting: bigint;
}

type CollectedWallet = Pick<Wallet, 'balance' | 'collect' | 'units'>;

/**
 * Has the wallet collect its ehash again and again. A mint that is away costs a log line and nothing else: mining
 * does not wait for it.
 */
export class Collector {
  readonly #wallet: CollectedWallet;
  readonly #onUnits: (units: readonly string[]) => void;
  readonly #intervalMs: number;
  readonly #log: Logger;
  #figures: WalletFigures = { walletEhash: 0n, ehashWaiting: 0n };
  #trouble: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param options.onUnits told the units that the mint signs, after each round */
  constructor(
    wallet: CollectedWallet,
    {
      intervalMs,
      log,
      onUnits,
    }: { intervalMs: number; log: Logger; onUnits(units: readonly string[]): void },
  ) {
    this.#wallet = wallet;
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

  async #collect(): Promise<void> {
    try {
      const { waiting } = await this.#wallet.collect();
      const [balance, units] = await Promise.all([this.#wallet.balance(), this.#wallet.units()]);
      this.#onUnits(units);
      this.#figures = {
        walletEhash: balance.reduce((sum, { amount }) => sum + amount, 0n),
        ehashWaiting: waiting,
      };
      if (this.#trouble !== undefined) this.#log.info('the wallet collects again');
      this.#trouble = undefined;
    } catch (error) {
      const trouble = messageOf(error);
      if (trouble !== this.#trouble)
        this.#log.warn({ err: error }, `the wallet could not collect: ${trouble}`);
      this.#trouble = trouble;
    }
  }
}
