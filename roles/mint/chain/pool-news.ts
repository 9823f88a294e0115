import { equalBytes, reversed, toHex } from '../../../protocols/bytes.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { ChainOperations, ChainPoint, PoolBlock } from '../store/chain.ts';
import type { WatchedPool } from './read-block.ts';

/** The mint's store, as far as the chain goes. */
export type ChainStore = Store<ChainOperations>;

/**
 * What the chain watcher tells. A block's state is told again where the mint ended before it could note that it was told.
 */
export interface ChainListener {
  /** All blocks up to here are followed. */
  onChainTip?(tip: ChainPoint): void;
  /** A pool's share is a block of the active chain, or is one again. */
  onBlockFound?(block: PoolBlock): void;
  /** It has the confirmations that make it final. */
  onBlockConfirmed?(block: PoolBlock): void;
  /** It is not in the active chain any more. */
  onBlockOrphaned?(block: PoolBlock): void;
}

export interface PoolNewsParts {
  readonly store: ChainStore;
  readonly pools: readonly WatchedPool[];
  /** Confirmations that make a block final. */
  readonly confirmations: number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** How the pools' blocks stand: told to whoever listens, in the log, and as figures. */
export class PoolNews {
  readonly #parts: PoolNewsParts;
  readonly #listeners: ChainListener[] = [];
  #tip: ChainPoint | undefined;
  #counts: Awaited<ReturnType<ChainOperations['toldStates']>> = {};

  constructor(parts: PoolNewsParts) {
    this.#parts = parts;
  }

  /** Of all pools, since the mint's first start. */
  get figures(): { blocks_found: number; blocks_confirmed: number; blocks_orphaned: number } {
    const { found = 0, confirmed = 0, orphaned = 0 } = this.#counts;
    return {
      blocks_found: found + confirmed + orphaned,
      blocks_confirmed: confirmed,
      blocks_orphaned: orphaned,
    };
  }

  listen(listener: ChainListener): void {
    this.#listeners.push(listener);
  }

  tip(tip: ChainPoint): void {
    if (this.#tip && equalBytes(this.#tip.hashLe, tip.hashLe)) return;
    this.#tip = tip;
    this.#each((listener) => listener.onChainTip?.(tip));
  }

  /** Reads the figures. */
  async open(): Promise<void> {
    this.#counts = await this.#parts.store.call('toldStates', null);
  }

  /**
   * Tells all that is news, and notes it as told.
   * @returns whether there may be more without a new block
   */
  async tell(): Promise<boolean> {
    const { store, confirmations } = this.#parts;
    for (;;) {
      const { blocks, isShareMissing } = await store.call('untold', confirmations);
      for (const block of blocks) this.#tellOne(block);
      if (blocks.length > 0) await store.call('blocksTold', blocks);
      await this.open();
      if (blocks.length === 0) return isShareMissing;
    }
  }

  #tellOne(block: PoolBlock): void {
    this.#write(block);
    this.#each((listener) => {
      if (block.state === 'found') listener.onBlockFound?.(block);
      else if (block.state === 'confirmed') listener.onBlockConfirmed?.(block);
      else listener.onBlockOrphaned?.(block);
    });
  }

  #write(block: PoolBlock): void {
    const { log, pools } = this.#parts;
    const { height, state, told, value, confirmations } = block;
    const about = { ...describe(block), height, value: String(value ?? 'unknown'), confirmations };
    if (state === 'found') log.info(about, `block ${height} was found by a pool and is in the chain`);
    if (state === 'confirmed') log.info(about, `block ${height} of a pool is confirmed`);
    if (state === 'orphaned' && told !== 'confirmed')
      log.warn(about, `block ${height} of a pool is orphaned`);
    if (state === 'orphaned' && told === 'confirmed') {
      const alert = { ...about, alert: 'confirmed-block-orphaned' };
      log.error(
        alert,
        `block ${height} of a pool is orphaned, and was confirmed before: a reorganization of rare depth`,
      );
    }
    const isPaid = pools.some(({ poolId, script }) => script && equalBytes(poolId, block.poolId));
    if (value === 0n && told === undefined && isPaid) {
      log.error(
        { ...about, alert: 'block-pays-elsewhere' },
        `block ${height} was mined by a pool and pays nothing to its script: coinbase_reward_script in [[pool]] must be the same as in the pool's config`,
      );
    }
  }

  /** A listener that fails hurts no other, and nothing that is on the disk. */
  #each(call: (listener: ChainListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener);
      } catch (error) {
        this.#parts.log.error({ err: error }, 'somebody who was to be told of the chain failed');
      }
    }
  }
}

function describe({ hashLe, poolId }: PoolBlock) {
  return { hash: toHex(reversed(hashLe)), pool: toHex(poolId) };
}
