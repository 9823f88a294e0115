import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../../../protocols/bytes.ts';
import { isHashpoolError, messageOf } from '../../../../protocols/errors.ts';
import { faultPoint } from '../../../../runtime/fault-point.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import { isRpcError } from '../../../../runtime/rpc/errors.ts';
import type { Store } from '../../../../runtime/sql/store.ts';
import { type Built, buildTransaction, coinOf } from './build.ts';
import type { Forgotten } from './forgotten.ts';
import type { Payout, PayoutOperations } from './payout-store.ts';
import type { Sendings } from './sendings.ts';
import { type Wallet, WalletCode } from './wallet.ts';

/** How often transactions are followed. */
const RUN_MS = 1_000;
/** A timer may be early by a moment. */
const TIMER_SLACK_MS = 20;
/** Payouts of one transaction. */
const MAX_BATCH = 100;
/** Payouts looked at in one run; the rest waits for the next. */
const MAX_WAITING = 1_000;
/** Blocks for which a payout that costs more than its reserve waits: change confirms, or other coins come. */
const MAX_DEAR_BLOCKS = 6;
/** Blocks for which one waits that the wallet has the coins for and can't make: a day, in which they confirm. */
const MAX_SHORT_BLOCKS = 144;

export interface PayoutSettings {
  /** For how long payouts are gathered. */
  readonly batchMs: number;
}

export interface PayoutParts {
  readonly wallet: Wallet;
  readonly store: Store<PayoutOperations>;
  readonly sendings: Sendings;
  readonly forgotten: Forgotten;
  readonly settings: PayoutSettings;
  /** Called when the chain has another tip. */
  readonly onTip: () => void;
  /** Called with the key of a payout that stands otherwise than before. */
  readonly onProgress: (key: string) => void;
  readonly log: Logger;
}

/** Makes transactions of the payouts that wait, those that want the same speed together, and has them followed. */
export class Payouts {
  readonly #parts: PayoutParts;
  readonly #timer: NodeJS.Timeout;
  #tip: string | undefined;
  /** Payouts that the wallet has no coins for, or too dear ones; only another block can change that. */
  #short = new Map<number, string>();
  /** Payouts that could not be made, with the height at which that was first seen. */
  #unmade = new Map<number, number>();
  #batch: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #trouble: string | undefined;

  constructor(parts: PayoutParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.run(), RUN_MS);
  }

  /** Why payouts wait, in words; undefined while none does for longer than it is meant to. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Has the payouts that wait made at the end of the interval in which they are gathered. */
  gather(): void {
    this.#batch ??= this.#afterInterval();
  }

  /** Looks after all that is begun, then makes what is due. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends what is under way, at the latest when the wallet is closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#running, this.#batch]);
  }

  async #afterInterval(): Promise<void> {
    const { signal } = this.#parts.wallet;
    // Whoever comes from then on is in the next batch.
    await delay(this.#parts.settings.batchMs + TIMER_SLACK_MS, undefined, { signal }).catch(ignoreAbort);
    this.#batch = undefined;
    if (signal.aborted) return;
    await this.#running;
    await this.run();
  }

  async #work(): Promise<void> {
    try {
      const waiting = await this.#parts.store.call('waitingPayouts', MAX_WAITING);
      const { height, hashBe } = await this.#parts.wallet.tip();
      if (hashBe !== this.#tip) {
        this.#tip = hashBe;
        this.#short.clear();
        const keys = new Set(waiting.map(({ payout }) => payout));
        this.#unmade = new Map([...this.#unmade].filter(([payout]) => keys.has(payout)));
        this.#parts.onTip();
      }
      const stuck = await this.#parts.sendings.follow(height);
      const locked = await this.#makeDue(waiting, height);
      const [short] = this.#short.values();
      this.#note(locked ?? short ?? stuck);
    } catch (error) {
      if (!this.#parts.wallet.signal.aborted)
        this.#note(this.#parts.wallet.trouble ? undefined : messageOf(error));
    }
  }

  /** @returns why some were not made */
  async #makeDue(all: readonly Payout[], height: number): Promise<string | undefined> {
    const waiting = all.filter(({ payout }) => !this.#short.has(payout));
    const [oldest] = waiting;
    const age = oldest ? Date.now() - oldest.addedAt : 0;
    // A clock that was set back is no reason to wait.
    if (!oldest || (age >= 0 && age < this.#parts.settings.batchMs)) return undefined;
    let trouble: string | undefined;
    const unmade = await this.#parts.forgotten.sort(waiting, height);
    for (const batch of batchesOf(unmade)) trouble = (await this.#make(batch, height)) ?? trouble;
    return trouble;
  }

  /** One transaction or, where the wallet refuses it or it is too dear, one for each half: none is in another's way. */
  async #make(batch: readonly Payout[], height: number): Promise<string | undefined> {
    let built: Built;
    try {
      const rate = batch.reduce((most, { rate }) => (rate > most ? rate : most), 0n);
      built = await buildTransaction(this.#parts.wallet, batch, rate);
    } catch (error) {
      if (!isRpcError(error, 'rpc-refused') && !isHashpoolError(error, 'bad-transaction')) throw error;
      if (isRpcError(error) && error.rpcCode === WalletCode.locked)
        return 'the wallet is locked; unlock it with walletpassphrase';
      return batch.length === 1 ? this.#whenShort(batch[0], height, error) : this.#makeHalves(batch, height);
    }
    const most = batch.reduce((sum, { reserve }) => sum + reserve, 0n);
    if (built.fee > most)
      return batch.length === 1
        ? this.#whenDear(batch[0], height, built.fee)
        : this.#makeHalves(batch, height);
    faultPoint('payout-built');
    return this.#keep(batch, height, built);
  }

  async #makeHalves(batch: readonly Payout[], height: number): Promise<string | undefined> {
    const half = Math.ceil(batch.length / 2);
    const trouble = await this.#make(batch.slice(0, half), height);
    return (await this.#make(batch.slice(half), height)) ?? trouble;
  }

  async #keep(batch: readonly Payout[], height: number, built: Built): Promise<string | undefined> {
    const blocks = Math.min(...batch.map((payout) => payout.blocks));
    try {
      const taken = await this.#parts.store.call('addSending', { payouts: batch, blocks, height, built });
      if (taken.length > 0) return await this.#lock(taken);
    } catch (error) {
      if (isHashpoolError(error, 'payouts-taken')) return undefined;
      throw error;
    }
    faultPoint('payout-stored');
    const facts = { txid: built.txid, fee: built.fee, payouts: batch.length };
    this.#parts.log.info(facts, 'a transaction pays out');
    return this.#parts.sendings.send(built, batch);
  }

  /** Coins of a transaction that the wallet has not seen are kept from its next choice. */
  async #lock(coins: readonly string[]): Promise<string> {
    await this.#parts.wallet.call('lockunspent', [false, coins.map(coinOf)]);
    return 'coins of another payout were chosen; others are tried';
  }

  /** A payout that the wallet can't make at all is given up, so that its tokens are free; else it waits a day for coins. */
  async #whenShort(payout: Payout | undefined, height: number, cause: Error): Promise<undefined> {
    if (!payout) return;
    const { spendable } = await this.#parts.wallet.funds();
    const reason = `the wallet has ${spendable} sats for ${payout.amount} (${cause.message})`;
    if (spendable >= payout.amount + payout.reserve && this.#waits(payout, height, MAX_SHORT_BLOCKS)) {
      this.#short.set(payout.payout, `a payout waits for coins to confirm: ${reason}`);
      return;
    }
    this.#parts.log.warn({ key: payout.key, err: cause }, `a payout is given up: ${reason}`);
    await this.#giveUp(payout, 'the mint has too few coins at this time; take a new quote');
  }

  /** A payout is never begun above its reserve: it waits for coins that cost less, then its tokens are free. */
  async #whenDear(payout: Payout | undefined, height: number, fee: bigint): Promise<undefined> {
    if (!payout) return;
    const reason = `its fee would be ${fee} sats, its reserve is ${payout.reserve}`;
    if (this.#waits(payout, height, MAX_DEAR_BLOCKS)) {
      this.#short.set(payout.payout, `a payout waits for coins that cost less to spend: ${reason}`);
      return;
    }
    this.#parts.log.warn({ key: payout.key }, `a payout is given up: ${reason}`);
    await this.#giveUp(payout, 'it costs more than the quote said; take a new quote');
  }

  /** Whether it is not so many blocks ago that it could not be made for the first time. */
  #waits({ payout }: Payout, height: number, blocks: number): boolean {
    const since = this.#unmade.get(payout) ?? height;
    this.#unmade.set(payout, since);
    return height - since < blocks;
  }

  async #giveUp({ payout, key }: Payout, reason: string): Promise<void> {
    await this.#parts.store.call('failPayout', { payout, reason });
    this.#parts.onProgress(key);
  }

  #note(trouble: string | undefined): void {
    if (trouble !== undefined && trouble !== this.#trouble) this.#parts.log.warn(`payouts wait: ${trouble}`);
    this.#trouble = trouble;
  }
}

/** Payouts of one speed share a transaction; bitcoind takes no address twice in one. */
function batchesOf(waiting: readonly Payout[]): Payout[][] {
  const batches: { blocks: number; scripts: Set<string>; payouts: Payout[] }[] = [];
  for (const payout of waiting) {
    const script = toHex(payout.script);
    const fits = batches.find(
      ({ blocks, scripts, payouts }) =>
        blocks === payout.blocks && payouts.length < MAX_BATCH && !scripts.has(script),
    );
    const batch = fits ?? { blocks: payout.blocks, scripts: new Set(), payouts: [] };
    if (!fits) batches.push(batch);
    batch.scripts.add(script);
    batch.payouts.push(payout);
  }
  return batches.map(({ payouts }) => payouts);
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
}
