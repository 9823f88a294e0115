import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ChainPoint, LinkedBlock } from '../store/chain.ts';
import { FIRST_EPOCH_REACH } from '../work-intake/judge.ts';
import type { ChainView, Tip } from './chain-view.ts';
import { commonHeight } from './course.ts';
import type { ChainStore } from './pool-news.ts';
import { pointAt, readBlock, type WatchedPool } from './read-block.ts';

/** Blocks asked for at once, and kept by one commit: a block in hex has up to 8 MB. */
const BATCH = 8;

export interface FollowerParts {
  readonly chain: Pick<ChainView, 'network' | 'tip' | 'ask'>;
  readonly store: ChainStore;
  readonly pools: readonly WatchedPool[];
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Confirmations that make a block final: a reorganization that is deeper is an alert. */
  readonly confirmations: number;
}

/**
 * Brings what the store knows of the active chain to the node's tip, block by block from where it was left. Every step
 * is one transaction, so that a mint that ends between any two goes on from there.
 */
export class ChainFollower {
  readonly #parts: FollowerParts;
  #hasReadLate = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /**
   * Follows the chain to a tip, and once a start reads blocks that an earlier one could not read.
   * @param stop ends it after the batch under way
   * @returns false where there is no epoch to begin with, or it was stopped
   * @throws RpcError, HashpoolError 'node-behind', 'wrong-chain', 'chain-moved', 'bad-node-answer'; the store's
   */
  async follow(tip: Tip, stop: AbortSignal): Promise<boolean> {
    const from = await this.#start(tip);
    if (from === undefined) return false;
    const { store, log } = this.#parts;
    let height = from;
    const pruned: number[] = [];
    try {
      while (height < tip.height && !stop.aborted) {
        const blocks = await this.#read(height + 1, Math.min(height + BATCH, tip.height));
        await store.call('follow', blocks);
        faultPoint('chain-followed');
        height += blocks.length;
        pruned.push(...blocks.filter(({ isRead }) => !isRead).map((block) => block.height));
      }
    } finally {
      this.#warnOfPruned(pruned);
    }
    const count = height - from;
    if (count > 1) log.info({ from: from + 1, to: height }, `the chain was followed over ${count} blocks`);
    if (stop.aborted) return false;
    if (!this.#hasReadLate) await this.#readLate(stop);
    return true;
  }

  /** The height up to which nothing is to be followed any more; undefined before the first epoch. */
  async #start(tip: Tip): Promise<number | undefined> {
    const { first, last, firstEpoch } = await this.#parts.store.call('followed', null);
    if (first && last) return this.#leaveStale(tip, first, last);
    // Work is taken on blocks of so long before the first epoch.
    return firstEpoch === undefined ? undefined : Math.max(0, firstEpoch - FIRST_EPOCH_REACH) - 1;
  }

  /** Takes back what the node's chain has left. @returns the height up to which it is the chain that was followed */
  async #leaveStale(tip: Tip, first: ChainPoint, last: ChainPoint): Promise<number> {
    const { chain, store, log, confirmations } = this.#parts;
    const at = (height: number) => store.call('followedAt', height);
    const common = await commonHeight(chain, tip, { first, last, at });
    if (common === last.height) return common;
    await store.call('rollBack', common);
    faultPoint('chain-left');
    const about = { from: common + 1, to: last.height, tip: tip.height };
    const depth = last.height - common;
    const text = `the chain was reorganized: ${depth} ${depth === 1 ? 'block' : 'blocks'} from ${common + 1} on are others`;
    if (depth > confirmations) log.error({ ...about, alert: 'deep-reorg' }, text);
    else log.info(about, text);
    return common;
  }

  #read(from: number, to: number): Promise<LinkedBlock[]> {
    const { chain, pools } = this.#parts;
    const heights = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    return Promise.all(heights.map(async (height) => readBlock(chain, await pointAt(chain, height), pools)));
  }

  #warnOfPruned(heights: readonly number[]): void {
    const [from, to] = [heights[0], heights.at(-1)];
    if (from === undefined) return;
    this.#parts.log.error(
      { alert: 'blocks-pruned', from, to, blocks: heights.length },
      `the node has pruned blocks ${from} to ${to}: what they pay is not known; start the mint once with [bitcoin] rpc_url at a node that has them`,
    );
  }

  /** The newest first, since nodes prune the oldest. */
  async #readLate(stop: AbortSignal): Promise<void> {
    const { chain, store, pools, log } = this.#parts;
    let read = 0;
    while (!stop.aborted) {
      const [point] = await store.call('unreadBlocks', 1);
      const block = point && (await readBlock(chain, point, pools));
      if (!block?.isRead) break;
      await store.call('readLate', block);
      read++;
    }
    this.#hasReadLate = true;
    if (read > 0) log.info({ blocks: read }, 'blocks that were pruned before have been read');
  }
}
