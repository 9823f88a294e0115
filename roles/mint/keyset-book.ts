import type { Keyset } from '../../domain/ledger/tokens.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import { amountOf, KEYSET_SIZE } from '../../protocols/cashu/amount.ts';
import { keysetId } from '../../protocols/cashu/nut02.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { Store } from '../../runtime/sql/store.ts';
import type { MintEvents } from './events.ts';
import type { Signer } from './signer/signer.ts';
import type { KeysetRow, NewKeyset } from './store/keysets.ts';
import type { MintOperations } from './store/store.ts';

/** A keyset as the engine needs it: the rules' view, its row, and what signs and shows it. */
export interface MintKeyset extends Keyset {
  readonly row: number;
  readonly index: number;
  /** By exponent, 33 bytes each. */
  readonly publicKeys: readonly Uint8Array[];
}

/** What a keyset is made of besides the seed. */
export type KeysetTerms = Pick<NewKeyset, 'unit' | 'derivationIndex' | 'inputFeePpk' | 'finalExpiry'>;

/** All keysets, in memory as they are in the store. There are few, and every request needs them. */
export class KeysetBook {
  readonly #store: Store<MintOperations>;
  readonly #signer: Signer;
  readonly #events: MintEvents;
  #all: ReadonlyMap<string, MintKeyset> = new Map();
  #active: readonly MintKeyset[] = [];
  #byRow: ReadonlyMap<number, MintKeyset> = new Map();

  private constructor(store: Store<MintOperations>, signer: Signer, events: MintEvents) {
    this.#store = store;
    this.#signer = signer;
    this.#events = events;
  }

  /**
   * Reads the keysets and checks that the signer's seed is the one that they were made from.
   * @throws HashpoolError 'wrong-seed'
   */
  static async open(store: Store<MintOperations>, signer: Signer, events: MintEvents): Promise<KeysetBook> {
    const book = new KeysetBook(store, signer, events);
    for (const { unit, derivationIndex, publicKeys, isActive } of await book.reload()) {
      // One of each seed is enough, and keysets of epochs past only grow in number.
      if (!isActive) continue;
      if (equalBytes(await signer.publicKeys({ unit, index: derivationIndex }), publicKeys)) continue;
      throw new HashpoolError(
        'wrong-seed',
        `[hashpool_mint] seed is not the one that the database's keyset of ${unit} was made from: restore that seed, or take another db_path`,
      );
    }
    return book;
  }

  /** By id. */
  get all(): ReadonlyMap<string, MintKeyset> {
    return this.#all;
  }

  /** Those that sign, oldest first: of sats, and of epochs whose price is not fixed. */
  get signing(): readonly MintKeyset[] {
    return this.#active;
  }

  /** The newest active keyset of a unit. */
  active(unit: string): MintKeyset | undefined {
    return this.#active.findLast((keyset) => keyset.unit === unit);
  }

  /** By its row in the store. */
  ofRow(row: number): MintKeyset | undefined {
    return this.#byRow.get(row);
  }

  /** Public keys and id of a keyset that need not exist yet (NUT-02, version 2). */
  async derive(terms: KeysetTerms): Promise<NewKeyset> {
    const { unit, derivationIndex, inputFeePpk, finalExpiry } = terms;
    const publicKeys = await this.#signer.publicKeys({ unit, index: derivationIndex });
    const keys = split(publicKeys).map((key, exponent) => [amountOf(exponent), key] as const);
    const id = keysetId({ keys, unit, inputFeePpk, ...(finalExpiry === undefined ? {} : { finalExpiry }) });
    return { ...terms, id, publicKeys };
  }

  /**
   * Sees to it that the active keyset of a unit without epochs is the one of these terms; a higher index than the
   * active one's rotates.
   * @returns whether there is a new one
   * @throws HashpoolError 'keyset-terms' where the index was used with other terms, or is behind the active one's
   */
  async rotateTo(terms: KeysetTerms): Promise<boolean> {
    const wanted = await this.derive(terms);
    const { unit, derivationIndex } = terms;
    const newest = this.active(unit);
    if (newest && newest.index > derivationIndex) {
      throw new HashpoolError(
        'keyset-terms',
        `keyset ${derivationIndex} of ${unit} was replaced by keyset ${newest.index}: an index is never used again, take ${newest.index + 1} for a new one`,
      );
    }
    if (newest?.index !== derivationIndex) await this.#store.call('rotateKeyset', wanted);
    await this.reload();
    if (this.active(unit)?.id === wanted.id) {
      const isNew = newest?.index !== derivationIndex;
      if (isNew) this.#events.emit('keysets-changed', {});
      return isNew;
    }
    throw new HashpoolError(
      'keyset-terms',
      `keyset ${derivationIndex} of ${unit} has another input fee or expiry, which never change: raise the index to ${derivationIndex + 1} for a keyset with these`,
    );
  }

  /** Reads the keysets anew. */
  async reload(): Promise<readonly KeysetRow[]> {
    const rows = await this.#store.call('keysets', null);
    const keysets = rows.map((row) => this.#all.get(row.id) ?? keysetOf(row));
    const renewed = keysets.map((keyset, i) => ({ ...keyset, isActive: rows[i]?.isActive ?? false }));
    this.#all = new Map(renewed.map((keyset) => [keyset.id, keyset]));
    this.#active = renewed.filter(({ isActive }) => isActive);
    this.#byRow = new Map(renewed.map((keyset) => [keyset.row, keyset]));
    return rows;
  }
}

function keysetOf({ keyset, derivationIndex, publicKeys, ...shown }: KeysetRow): MintKeyset {
  return { ...shown, row: keyset, index: derivationIndex, publicKeys: split(publicKeys) };
}

function split(publicKeys: Uint8Array): Uint8Array[] {
  return Array.from({ length: KEYSET_SIZE }, (_, exponent) =>
    publicKeys.subarray(33 * exponent, 33 * (exponent + 1)),
  );
}
