import { equalBytes, fromHex, reversed, toHex } from '../../../protocols/bytes.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { ChainView } from '../chain/chain-view.ts';
import type { EpochBook } from '../epoch-book.ts';
import type { Pool } from '../pools.ts';
import type { Stamp } from '../store/stamps.ts';
import type { MintOperations } from '../store/store.ts';

/** Blocks that a branch is walked back for a place where it left the chain that was followed. */
const MAX_BRANCH = 1_000;
/** Blocks whose stamp is remembered; pools work on one or two at a time. */
const MAX_STAMPS = 4_096;

/** Tells where work on a block belongs; undefined while that can't be told. */
export interface Stamps {
  stamp(poolId: Uint8Array, prevHashLe: Uint8Array): Promise<Stamp | undefined>;
}

export interface StamperParts {
  readonly store: Store<MintOperations>;
  readonly epochs: EpochBook;
  readonly chain: Pick<ChainView, 'link'>;
  readonly pools: readonly Pick<Pool, 'poolId' | 'script'>[];
  /** Blocks above the place where a branch left the chain, until work on the branch is placed. */
  readonly confirmations: number;
  /** Brings what was followed to the node's tip, and epochs with it. */
  readonly follow: () => Promise<void>;
}

/**
 * Stamps shares by their prev hash: with the segment of the last boundary at or before it, on its own chain, whenever and by
 * whichever outbox they come. A block has one chain of ancestors, so that its stamp never changes.
 *
 * - A block of the chain that was followed: the segment below it.
 * - A block that the node has and that was not followed yet: it is followed now.
 * - A block of a branch: where the branch left the chain, as soon as that lies as deep as a boundary that is final. Before
 *   that the branch may yet become the chain, with boundaries in it. One that was followed has its segments already.
 */
export class Stamper implements Stamps {
  readonly #parts: StamperParts;
  readonly #stamps = new Map<string, Promise<Stamp | undefined>>();

  constructor(parts: StamperParts) {
    this.#parts = parts;
  }

  /** Epochs have changed: which one a segment belongs to is looked up anew. */
  forget(): void {
    this.#stamps.clear();
  }

  /**
   * Where the work of a pool on a block belongs.
   * @param prevHashLe 32 bytes, header order
   * @returns undefined where the epochs have not been brought so far, or the node can't say
   */
  async stamp(poolId: Uint8Array, prevHashLe: Uint8Array): Promise<Stamp | undefined> {
    const key = `${toHex(poolId)} ${toHex(prevHashLe)}`;
    const known = this.#stamps.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#stamps.keys();
    if (this.#stamps.size >= MAX_STAMPS && oldest !== undefined) this.#stamps.delete(oldest);
    const asking = this.#ask(poolId, prevHashLe);
    this.#stamps.set(key, asking);
    try {
      const stamp = await asking;
      if (!stamp && this.#stamps.get(key) === asking) this.#stamps.delete(key);
      return stamp;
    } catch (error) {
      this.#stamps.delete(key);
      throw error;
    }
  }

  async #ask(poolId: Uint8Array, prevHashLe: Uint8Array): Promise<Stamp | undefined> {
    const { pools, epochs } = this.#parts;
    const hasBoundaries = pools.some((pool) => pool.script && equalBytes(pool.poolId, poolId));
    if (!hasBoundaries) return onlyStamp(epochs, poolId);
    return (await this.#find(poolId, prevHashLe, true)) ?? undefined;
  }

  /** @param mayFollow whether the chain may still be followed to find the block */
  async #find(poolId: Uint8Array, prevHashLe: Uint8Array, mayFollow: boolean): Promise<Stamp | undefined> {
    const { store, chain, confirmations, follow } = this.#parts;
    let hashLe = prevHashLe;
    for (let steps = 0; steps < MAX_BRANCH; steps++) {
      const found = await store.call('footholdAt', { poolId, hashLe });
      if (found) {
        const isPlaced = steps === 0 || found.depth === undefined || found.depth >= confirmations;
        return isPlaced ? found.stamp : undefined;
      }
      const link = await chain.link(toHex(reversed(hashLe)));
      if (!link) return undefined;
      if (link.isActive) {
        if (!mayFollow) return undefined;
        await follow();
        return this.#find(poolId, prevHashLe, false);
      }
      hashLe = reversed(fromHex(link.prevHashBe));
    }
    return undefined;
  }
}

/** Of a pool whose blocks pay somebody else: none of them closes an epoch. */
function onlyStamp(epochs: EpochBook, poolId: Uint8Array): Stamp | undefined {
  const epoch = epochs.current(poolId);
  if (epoch?.segment === undefined) return undefined;
  const { policy, minimumDifficulty, feePpm, windowBlocks, segment } = epoch;
  return { epoch: epoch.epoch, policy, minimumDifficulty, feePpm, windowBlocks, segment };
}
