import { CONFIRMATIONS } from '../../../domain/chain/confirmations.ts';
import { fromHex, reversed } from '../../../protocols/bytes.ts';
import { isHashpoolError, messageOf } from '../../../protocols/errors.ts';
import type { PoolBlock } from '../store/chain.ts';
import { ChainFollower, type FollowerParts } from './follower.ts';
import { type ChainListener, PoolNews } from './pool-news.ts';

/** Until the next look where one failed, or where something may change without a new block. */
const LOOK_AGAIN_MS = 2_000;
/** Of its blocks, a pool whose link comes up is told this many. */
const LATEST_BLOCKS = 1_000;

export interface WatcherParts extends Omit<FollowerParts, 'confirmations'> {
  /** The network's unless given. */
  readonly confirmations?: number | undefined;
  readonly lookAgainMs?: number;
  /**
   * Is called when all blocks up to the node's tip are followed, before anybody is told of them.
   * @returns whether there may be something to do for it without a new block
   */
  readonly onFollowed?: () => Promise<boolean>;
}

/** Watches the active chain for the pools: which blocks pay a pool's script or are a share of its, and how they stand. */
export class ChainWatcher {
  readonly #parts: WatcherParts;
  readonly #confirmations: number;
  readonly #follower: ChainFollower;
  readonly #news: PoolNews;
  readonly #stop = new AbortController();
  /** The last turn that was asked for; a turn begins when the one before has ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** A pass that has not begun. */
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #trouble = '';
  #height: number | undefined;

  private constructor(parts: WatcherParts, confirmations: number) {
    this.#parts = parts;
    this.#confirmations = confirmations;
    this.#follower = new ChainFollower({ ...parts, confirmations });
    this.#news = new PoolNews({ ...parts, confirmations });
  }

  static async open(parts: WatcherParts): Promise<ChainWatcher> {
    const watcher = new ChainWatcher(parts, parts.confirmations ?? CONFIRMATIONS[parts.chain.network]);
    await watcher.#news.open();
    return watcher;
  }

  /** Why the chain can't be followed just now, in words; empty where it can. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Up to which the chain was followed and all was done that hangs on it; undefined before. */
  get height(): number | undefined {
    return this.#height;
  }

  get figures(): PoolNews['figures'] {
    return this.#news.figures;
  }

  listen(listener: ChainListener): void {
    this.#news.listen(listener);
  }

  /** Goes on to the node's tip; a call during a pass makes for one more. Never rejects. */
  follow(): Promise<void> {
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#pass();
    });
    return this.#next;
  }

  /** A pool's latest blocks, oldest first, as they stand after the pass under way: what changes later is told later. */
  blocksOf(poolId: Uint8Array): Promise<PoolBlock[]> {
    const confirmations = this.#confirmations;
    return this.#inTurn(() =>
      this.#parts.store.call('blocksOfPool', { poolId, confirmations, limit: LATEST_BLOCKS }),
    );
  }

  /** Resolves when no pass is under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#last;
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(job);
    this.#last = Promise.allSettled([turn]);
    return turn;
  }

  async #pass(): Promise<void> {
    const { tip } = this.#parts.chain;
    if (this.#stop.signal.aborted || !tip || tip.isSyncing) return;
    clearTimeout(this.#timer);
    try {
      const isAtTip = await this.#follower.follow(tip, this.#stop.signal);
      const isUndecided = isAtTip && (await this.#parts.onFollowed?.()) === true;
      if (isAtTip) this.#height = tip.height;
      const isUnsettled = (await this.#news.tell()) || isUndecided;
      if (this.#trouble !== '') this.#parts.log.info({ height: tip.height }, 'the chain is followed again');
      this.#trouble = '';
      if (isUnsettled) this.#lookAgain();
      if (isAtTip) this.#news.tip({ height: tip.height, hashLe: reversed(fromHex(tip.hashBe)) });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#lookAgain();
    const trouble = messageOf(error);
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const text = `the chain is not followed for now: ${trouble}`;
    const { log } = this.#parts;
    if (isHashpoolError(error, 'wrong-chain')) log.error({ err: error, alert: 'wrong-chain' }, text);
    else log.warn({ err: error }, text);
  }

  #lookAgain(): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => void this.follow(), this.#parts.lookAgainMs ?? LOOK_AGAIN_MS);
  }
}
