import { type Keyset, MAX_TOKENS } from '../../domain/ledger/tokens.ts';
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

/** Keysets that sign no more and are kept in memory, those asked for last: 8 KiB each. */
const MAX_PAST = 256;
/** Keysets that one request may name: as many as it may have inputs and outputs. */
const MAX_NAMED = 2 * MAX_TOKENS;

/**
 * The keysets that sign, in memory as they are in the store: every request needs them. Those of epochs past only grow in
 * number; they are read when somebody names them.
 */
export class KeysetBook {
  readonly #store: Store<MintOperations>;
  readonly #signer: Signer;
  readonly #events: MintEvents;
  #active: readonly MintKeyset[] = [];
  #signing: ReadonlyMap<string, MintKeyset> = new Map();
  /** By id, the one asked for last at the end. */
  #past = new Map<string, MintKeyset>();

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
    for (const { unit, derivationIndex, publicKeys } of await book.reload()) {
      if (equalBytes(await signer.publicKeys({ unit, index: derivationIndex }), publicKeys)) continue;
      throw new HashpoolError(
        'wrong-seed',
        `[hashpool_mint] seed is not the one that the database's keyset of ${unit} was made from: restore that seed, or take another db_path`,
      );
    }
    return book;
  }

  /** Those that sign, oldest first: of sats, and of epochs whose price is not fixed. */
  get signing(): readonly MintKeyset[] {
    return this.#active;
  }

  /** The newest active keyset of a unit. */
  active(unit: string): MintKeyset | undefined {
    return this.#active.findLast((keyset) => keyset.unit === unit);
  }

  /** How many are in memory. */
  get held(): number {
    return this.#signing.size + this.#past.size;
  }

  /** One by its id. */
  async find(id: string): Promise<MintKeyset | undefined> {
    return (await this.named([{ keysetId: id }])).get(id);
  }

  /** By id, all keysets that tokens name, and whichever else sign. */
  async named(tokens: readonly { readonly keysetId: string }[]): Promise<ReadonlyMap<string, MintKeyset>> {
    const signing = this.#signing;
    const past = new Set(tokens.map(({ keysetId }) => keysetId).filter((id) => !signing.has(id)));
    if (past.size === 0) return signing;
    const ids = [...past].slice(0, MAX_NAMED);
    const known = ids.flatMap((id) => this.#past.get(id) ?? []);
    const missing = ids.filter((id) => !this.#past.has(id));
    const rows = missing.length === 0 ? [] : await this.#store.call('keysetsById', missing);
    const found = [...known, ...rows.map(keysetOf)];
    for (const keyset of found) if (!keyset.isActive) this.#remember(keyset);
    return new Map([...signing, ...found.map((keyset) => [keyset.id, keyset] as const)]);
  }

  /** The ids of keysets by their rows in the store. */
  async idsOf(rows: readonly number[]): Promise<ReadonlyMap<number, string>> {
    if (rows.length === 0) return new Map();
    const found = await this.#store.call('keysetsByRow', [...new Set(rows)]);
    return new Map(found.map(({ keyset, id }) => [keyset, id]));
  }

  #remember(keyset: MintKeyset): void {
    this.#past.delete(keyset.id);
    this.#past.set(keyset.id, keyset);
    const [oldest] = this.#past.keys();
    if (this.#past.size > MAX_PAST && oldest !== undefined) this.#past.delete(oldest);
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

  /** Reads anew which keysets sign. */
  async reload(): Promise<readonly KeysetRow[]> {
    const rows = await this.#store.call('signingKeysets', null);
    this.#active = rows.map((row) => this.#signing.get(row.id) ?? keysetOf(row));
    this.#signing = new Map(this.#active.map((keyset) => [keyset.id, keyset]));
    for (const id of this.#signing.keys()) this.#past.delete(id);
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
