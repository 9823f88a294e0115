import { equalBytes, toHex } from '../../protocols/bytes.ts';
import type { EhashPolicy } from '../../protocols/ehash/amount.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Store } from '../../runtime/sql/store.ts';
import type { MintEvents } from './events.ts';
import type { KeysetBook } from './keyset-book.ts';
import type { Epoch, FirstEpoch } from './store/epochs.ts';
import type { MintOperations } from './store/store.ts';

/** How a pool's first epoch begins. */
export interface Opening {
  /** 33 bytes. */
  readonly poolId: Uint8Array;
  /** The chain's height at the mint's first start. */
  readonly height: number;
  readonly policy: EhashPolicy;
  readonly minimumDifficulty: number;
}

/** The epochs of all pools, in memory as they are in the store. There are few, and every request needs them. */
export class EpochBook {
  readonly #store: Store<MintOperations>;
  readonly #keysets: KeysetBook;
  readonly #events: MintEvents;
  #epochs: readonly Epoch[] = [];

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

  /** The epoch that a pool's new shares belong to; undefined before its first is open. */
  current(poolId: Uint8Array): Epoch | undefined {
    return this.#epochs.findLast((epoch) => equalBytes(epoch.poolId, poolId));
  }

  /**
   * Opens the first epoch of a pool that has none, with unit and keyset of its own; where another process of the mint
   * has just done so, that one is it. Shares cost no fee to spend.
   */
  async openFirst({ poolId, height, policy, minimumDifficulty }: Opening): Promise<void> {
    const unit = `hash_${toHex(poolId)}_${height}`;
    const keyset = await this.#keysets.derive({
      unit,
      derivationIndex: 0,
      inputFeePpk: 0,
      finalExpiry: undefined,
    });
    const first: FirstEpoch = {
      poolId,
      openedHeight: height,
      unit,
      policy,
      minimumDifficulty,
      keysetId: keyset.id,
      derivationIndex: keyset.derivationIndex,
      publicKeys: keyset.publicKeys,
    };
    try {
      await this.#store.call('openFirstEpoch', first);
    } catch (error) {
      if (!isHashpoolError(error, 'epoch-exists')) throw error;
    }
    await this.reload();
    this.#events.emit('keysets-changed', {});
  }

  /** Reads epochs and keysets anew. */
  async reload(): Promise<void> {
    this.#epochs = await this.#store.call('epochs', null);
    await this.#keysets.reload();
  }
}
