import { CONFIRMATIONS } from '../../../domain/chain/confirmations.ts';
import { equalBytes, fromHex, reversed } from '../../../protocols/bytes.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ChainPoint, LinkedBlock, PoolBlock } from '../store/chain.ts';
import { FIRST_EPOCH_REACH } from '../work-intake/judge.ts';
import type { ChainView, Tip } from './chain-view.ts';
import { commonHeight } from './course.ts';
import { type ChainListener, type ChainStore, PoolNews } from './pool-news.ts';
import { pointAt, readBlock, type WatchedPool } from './read-block.ts';

/** Blocks asked for at once, and kept by one commit: a block in hex has up to 8 MB. */
const BATCH = 8;
/** Until the next look where one failed, or where something may change without a new block. */
const LOOK_AGAIN_MS = 2_000;
/** Of its blocks, a pool whose link comes up is told this many. */
const LATEST_BLOCKS = 1_000;

export interface WatcherParts {
  readonly chain: Pick<ChainView, 'network' | 'tip' | 'ask'>;
  readonly store: ChainStore;
  readonly pools: readonly WatchedPool[];
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly lookAgainMs?: number;
}

/**
 * Follows the active chain block by block from where it was left, however long ago, and through reorganizations: which
 * blocks pay a pool's script or are a share of its, and how they stand. Every step is one transaction, so that a mint
 * that ends between any two goes on from there.
 */
export class ChainWatcher {
  readonly #parts: WatcherParts;
  readonly #confirmations: number;
  readonly #news: PoolNews;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #hasReadLate = false;
  #trouble = '';

  private constructor(parts: WatcherParts, news: PoolNews, confirmations: number) {
    this.#parts = parts;
    this.#news = news;
    this.#confirmations = confirmations;
  }

  static async open(parts: WatcherParts): Promise<ChainWatcher> {
    const confirmations = CONFIRMATIONS[parts.chain.network];
    const news = new PoolNews({ ...parts, confirmations });
    await news.open();
    return new ChainWatcher(parts, news, confirmations);
  }

  /** Why the chain can't be followed just now, in words; empty where it can. */
  get trouble(): string {
    return this.#trouble;
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
    this.#isClosed = true;
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
    if (this.#isClosed || !tip || tip.isSyncing) return;
    clearTimeout(this.#timer);
    try {
      const isAtTip = await this.#followTo(tip);
      if (isAtTip && !this.#hasReadLate) await this.#readLate();
      const isUnsettled = await this.#news.tell();
      this.#trouble = '';
      if (isUnsettled) this.#lookAgain();
      if (isAtTip) this.#news.tip({ height: tip.height, hashLe: reversed(fromHex(tip.hashBe)) });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#lookAgain();
    const trouble = messageOf(error);
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const alert = isHashpoolError(error, 'wrong-chain') ? { alert: 'wrong-chain' } : {};
    this.#parts.log[alert.alert ? 'error' : 'warn'](
      { ...alert, err: error },
      `the chain is not followed for now: ${trouble}`,
    );
  }

  #lookAgain(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.follow(), this.#parts.lookAgainMs ?? LOOK_AGAIN_MS);
  }

  /** @returns false where there is no epoch to begin with, or the watcher is being closed */
  async #followTo(tip: Tip): Promise<boolean> {
    const { store, log } = this.#parts;
    const { first, last, firstEpoch } = await store.call('followed', null);
    if (firstEpoch === undefined) return false;
    // Work is taken on blocks of so long before the first epoch.
    let height = Math.max(0, firstEpoch - FIRST_EPOCH_REACH) - 1;
    let hashLe: Uint8Array | undefined;
    if (first && last) {
      height = await this.#leaveStale(tip, first, last);
      hashLe = (await store.call('followedAt', height))?.hashLe;
    }
    const pruned: number[] = [];
    const from = height;
    while (height < tip.height && !this.#isClosed) {
      const blocks = await this.#read(height + 1, Math.min(height + BATCH, tip.height), hashLe);
      await store.call('follow', blocks);
      ({ height, hashLe } = blocks.at(-1) ?? { height, hashLe });
      pruned.push(...blocks.filter(({ isRead }) => !isRead).map((block) => block.height));
    }
    this.#warnOfPruned(pruned);
    if (height - from > 1)
      log.info({ from, to: height }, `the chain was followed over ${height - from} blocks`);
    return height >= tip.height;
  }

  /** Takes back what the node's chain has left. @returns the height up to which it is the chain that was followed */
  async #leaveStale(tip: Tip, first: ChainPoint, last: ChainPoint): Promise<number> {
    const { chain, store, log } = this.#parts;
    const at = (height: number) => store.call('followedAt', height);
    const common = await commonHeight(chain, tip, { first, last, at });
    if (common === last.height) return common;
    await store.call('rollBack', common);
    const about = { from: common + 1, to: last.height, tip: tip.height };
    const depth = last.height - common;
    const text = `the chain was reorganized: ${depth} ${depth === 1 ? 'block' : 'blocks'} from ${common + 1} on are others`;
    if (depth > this.#confirmations) log.error({ ...about, alert: 'deep-reorg' }, text);
    else log.info(about, text);
    return common;
  }

  /** @param prevHashLe of the first; undefined where nothing was followed before it */
  async #read(from: number, to: number, prevHashLe: Uint8Array | undefined): Promise<LinkedBlock[]> {
    const { chain, pools } = this.#parts;
    const heights = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const read = async (height: number) => readBlock(chain, await pointAt(chain, height), pools);
    const blocks = await Promise.all(heights.map(read));
    let before = prevHashLe;
    for (const block of blocks) {
      if (before && !equalBytes(block.prevHashLe, before)) {
        throw new HashpoolError('chain-moved', `the chain changed while block ${block.height} was read`);
      }
      before = block.hashLe;
    }
    return blocks;
  }

  #warnOfPruned(heights: readonly number[]): void {
    const [from, to] = [heights[0], heights.at(-1)];
    if (from === undefined) return;
    this.#parts.log.error(
      { alert: 'blocks-pruned', from, to, blocks: heights.length },
      `the node has pruned blocks ${from} to ${to}: what they pay is not known; start the mint once with [bitcoin] rpc_url at a node that has them`,
    );
  }

  /** Once a start, blocks that an earlier one could not read: the newest first, since nodes prune the oldest. */
  async #readLate(): Promise<void> {
    const { chain, store, pools, log } = this.#parts;
    let read = 0;
    for (;;) {
      const [point] = await store.call('unreadBlocks', 1);
      const block = point && (await readBlock(chain, point, pools));
      if (!block?.isRead || this.#isClosed) break;
      await store.call('readLate', block);
      read++;
    }
    this.#hasReadLate = true;
    if (read > 0) log.info({ blocks: read }, 'blocks that were pruned before have been read');
  }
}
