import type { Keyset } from '../../domain/ledger/tokens.ts';
import { equalBytes, toHex } from '../../protocols/bytes.ts';
import { amountOf, KEYSET_SIZE } from '../../protocols/cashu/amount.ts';
import { keysetId } from '../../protocols/cashu/nut02.ts';
import type { EhashPolicy } from '../../protocols/ehash/amount.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { Store } from '../../runtime/sql/store.ts';
import type { Signer } from './signer/signer.ts';
import type { Epoch } from './store/epochs.ts';
import type { MintOperations } from './store/store.ts';

/** A keyset as the engine needs it: the rules' view, its row, and what signs and shows it. */
export interface MintKeyset extends Keyset {
  readonly row: number;
  readonly index: number;
  /** By exponent, 33 bytes each. */
  readonly publicKeys: readonly Uint8Array[];
}

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
  readonly #signer: Signer;
  #epochs: readonly Epoch[] = [];
  #keysets: ReadonlyMap<string, MintKeyset> = new Map();

  private constructor(store: Store<MintOperations>, signer: Signer) {
    this.#store = store;
    this.#signer = signer;
  }

  /**
   * Reads the epochs and checks that the signer's seed is the one that their keysets were made from.
   * @throws HashpoolError 'wrong-seed'
   */
  static async open(store: Store<MintOperations>, signer: Signer): Promise<EpochBook> {
    const book = new EpochBook(store, signer);
    await book.#reload();
    for (const { unit, derivationIndex, publicKeys } of book.#epochs) {
      if (equalBytes(await signer.publicKeys({ unit, index: derivationIndex }), publicKeys)) continue;
      throw new HashpoolError(
        'wrong-seed',
        `[hashpool_mint] seed is not the one that the database's keyset of ${unit} was made from: restore that seed, or take another db_path`,
      );
    }
    return book;
  }

  get keysets(): ReadonlyMap<string, MintKeyset> {
    return this.#keysets;
  }

  /** The epoch that a pool's new shares belong to; undefined before its first is open. */
  current(poolId: Uint8Array): Epoch | undefined {
    return this.#epochs.findLast((epoch) => equalBytes(epoch.poolId, poolId));
  }

  /** Opens the first epoch of a pool that has none, with unit and keyset of its own. */
  async openFirst({ poolId, height, policy, minimumDifficulty }: Opening): Promise<void> {
    const unit = `hash_${toHex(poolId)}_${height}`;
    const derivationIndex = 0;
    const publicKeys = await this.#signer.publicKeys({ unit, index: derivationIndex });
    const keys = split(publicKeys).map((key, exponent) => [amountOf(exponent), key] as const);
    await this.#store.call('openFirstEpoch', {
      poolId,
      openedHeight: height,
      unit,
      policy,
      minimumDifficulty,
      keysetId: keysetId({ keys, unit }),
      derivationIndex,
      publicKeys,
    });
    await this.#reload();
  }

  async #reload(): Promise<void> {
    this.#epochs = await this.#store.call('epochs', null);
    this.#keysets = new Map(this.#epochs.map((epoch) => [epoch.keysetId, keysetOf(epoch)]));
  }
}

function keysetOf(epoch: Epoch): MintKeyset {
  return {
    id: epoch.keysetId,
    unit: epoch.unit,
    isActive: epoch.isActive,
    row: epoch.keyset,
    index: epoch.derivationIndex,
    publicKeys: split(epoch.publicKeys),
  };
}

function split(publicKeys: Uint8Array): Uint8Array[] {
  return Array.from({ length: KEYSET_SIZE }, (_, exponent) =>
    publicKeys.subarray(33 * exponent, 33 * (exponent + 1)),
  );
}
