import { toHex } from '../../protocols/bytes.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Store } from '../../runtime/sql/store.ts';
import type { MintEvents } from './events.ts';
import type { KeysetBook } from './keyset-book.ts';
import type { Epoch, EpochKeyset, EpochTerms } from './store/epochs.ts';
import type { MintOperations } from './store/store.ts';

/** How a pool's first epoch begins. */
export interface Opening
  extends Pick<EpochTerms, 'policy' | 'minimumDifficulty'>,
    Partial<Pick<EpochTerms, 'feePpm' | 'windowBlocks'>> {
  /** 33 bytes. */
  readonly poolId: Uint8Array;
  /** The chain's height at the mint's first start. */
  readonly height: number;
}

/** A pool's epochs whose price is not fixed. */
interface PoolEpochs {
  /** Lowest first; the last one that is live is the open one. */
  readonly epochs: readonly Epoch[];
  /** At which the pool's first epoch of all opened. */
  readonly firstHeight: number;
}

/** The epochs of all pools whose price is not fixed, in memory as they are in the store. Every request needs them. */
export class EpochBook {
  readonly #store: Store<MintOperations>;
  readonly #keysets: KeysetBook;
  readonly #events: MintEvents;
  #pools: ReadonlyMap<string, PoolEpochs> = new Map();

  private constructor(store: Store<MintOperations>, keysets: KeysetBook, events: MintEvents) {
    this.#store = store;
    this.#keysets = keysets;
    this.#events = events;
  }

  static async open(
    store: Store<MintOperations>,
    keysets: KeysetBook,
    events: MintEvents,
  ): Promise<EpochBook> {
    const book = new EpochBook(store, keysets, events);
    await book.reload();
    return book;
  }

  /** Those of all pools. */
  get all(): readonly Epoch[] {
    return [...this.#pools.values()].flatMap(({ epochs }) => epochs);
  }

  /** Those of a pool, lowest first. */
  ofPool(poolId: Uint8Array): readonly Epoch[] {
    return this.#pools.get(toHex(poolId))?.epochs ?? [];
  }

  /** The epoch that a pool mines in: the last that a boundary of the chain has opened. Undefined before its first is open. */
  current(poolId: Uint8Array): Epoch | undefined {
    return this.ofPool(poolId).findLast(({ standing }) => standing === 'live');
  }

  /** At which height the pool's first epoch opened. */
  firstHeight(poolId: Uint8Array): number | undefined {
    return this.#pools.get(toHex(poolId))?.firstHeight;
  }

  /**
   * Opens the first epoch of a pool that has none, with unit and keyset of its own; where another process of the mint
   * has just done so, that one is it. Shares cost no fee to spend.
   */
  async openFirst({ height, ...terms }: Opening): Promise<void> {
    const keyset = await this.keysetOf(terms.poolId, height);
    try {
      await this.#store.call('openFirstEpoch', { ...terms, ...keyset });
    } catch (error) {
      if (!isHashpoolError(error, 'epoch-exists')) throw error;
    }
    await this.changed();
  }

  /** Unit and keyset of the epoch that a pool's block of this height opens, whichever block that is. */
  async keysetOf(poolId: Uint8Array, openedHeight: number): Promise<EpochKeyset & { openedHeight: number }> {
    const unit = `hash_${toHex(poolId)}_${openedHeight}`;
    const terms = { unit, derivationIndex: 0, inputFeePpk: 0, finalExpiry: undefined };
    const { id, derivationIndex, publicKeys } = await this.#keysets.derive(terms);
    return { unit, keysetId: id, derivationIndex, publicKeys, openedHeight };
  }

  /** Reads epochs and keysets anew, and tells everybody. */
  async changed(): Promise<void> {
    await this.reload();
    this.#events.emit('keysets-changed', {});
  }

  /** Reads epochs and keysets anew. */
  async reload(): Promise<void> {
    const [epochs, first] = await Promise.all([
      this.#store.call('epochs', null),
      this.#store.call('firstHeights', null),
    ]);
    this.#pools = new Map(
      first.map(({ poolId, height }) => {
        const pool = toHex(poolId);
        return [
          pool,
          { epochs: epochs.filter((epoch) => toHex(epoch.poolId) === pool), firstHeight: height },
        ];
      }),
    );
    await this.#keysets.reload();
  }
}
