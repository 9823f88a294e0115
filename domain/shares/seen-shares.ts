import { ShareTable } from './share-table.ts';

/** The session of shares that an earlier run of the pool stored. */
export const STORED_EARLIER = 1;
/** The first session that a channel may have. */
export const FIRST_SESSION = 2;

const TABLES = 1 << 10;

/** Memory that the shares on one prev hash may take. */
export const MAX_SEEN_BYTES = 512 * 2 ** 20;
/**
 * Shares known per prev hash at most: 40,000 a second for ten minutes. A table has 23,437 of them then, give or take
 * 153; its part of the memory are 32,768 slots of 16 bytes, which are three quarters full at 24,576.
 */
export const MAX_SEEN_SHARES = 24_000_000;

/** What is known of a hash that was submitted. */
export type Sighting = 'unseen' | 'duplicate' | 'replay';

/**
 * The hashes of the shares on one prev hash that are stored or about to be, 21 to 43 bytes for each. They lie in many
 * small tables, and each grows by itself, within about a millisecond: nothing waits long for it.
 *
 * A share is told apart by 74 bits of its hash, which no target touches: 10 choose its table, 64 are kept there.
 *
 * - A duplicate is never taken for unseen: what is kept is found.
 * - An unseen share is taken for a duplicate where another one has the same 74 bits: once in 65 million prev hashes
 *   with 24 million shares each. Nobody can bring that about for somebody else's share, which nobody knows before it
 *   is found. Two of one's own take 2^37 shares of work, and cost nobody but who found them.
 * - Hashes that crowd one table take a thousand times the work, and only make that table slow to grow.
 *
 * So the bits are the hash's own, and no secret key is mixed in.
 */
export class SeenShares {
  readonly #tables = Array.from({ length: TABLES }, () => new ShareTable());
  readonly #most: number;
  #size = 0;

  /** @param most shares that it takes, where that is not the usual bound */
  constructor(most = MAX_SEEN_SHARES) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Memory that the shares take. */
  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.bytes, 0);
  }

  /** Where true, no further share may be added, and so none accepted. */
  get full(): boolean {
    return this.#size >= this.#most;
  }

  /**
   * Whether the share was seen: by the same session it is a duplicate; by another one and for the same payee it
   * is a client that lost the answer and sends its stored share again.
   * @param payee {@link payeeTag} of the key that the share would be paid to
   */
  look(hashLe: Uint8Array, payee: number, session: number): Sighting {
    const seenFrom = this.#tableOf(hashLe).get(wordOf(hashLe, 0), wordOf(hashLe, 1));
    if (!seenFrom) return 'unseen';
    return seenFrom.session !== session && seenFrom.payee === payee ? 'replay' : 'duplicate';
  }

  /** Notes a share; it must be unseen. */
  add(hashLe: Uint8Array, payee: number, session: number): void {
    const isNew = this.#tableOf(hashLe).set(wordOf(hashLe, 0), wordOf(hashLe, 1), { payee, session });
    if (isNew) this.#size++;
  }

  /** Takes back a share whose commit failed. */
  forget(hashLe: Uint8Array): void {
    if (this.#tableOf(hashLe).delete(wordOf(hashLe, 0), wordOf(hashLe, 1))) this.#size--;
  }

  #tableOf(hashLe: Uint8Array): ShareTable {
    const table = this.#tables[wordOf(hashLe, 2) & (TABLES - 1)];
    if (!table) throw new RangeError('there is a table for each number');
    return table;
  }
}

/** Four bytes that tell payees apart where it decides no money: the first of the key's x. */
export function payeeTag(key: Uint8Array): number {
  return wordOf(key.subarray(1), 0);
}

function wordOf(bytes: Uint8Array, word: number): number {
  const i = 4 * word;
  return (
    ((bytes[i] ?? 0) |
      ((bytes[i + 1] ?? 0) << 8) |
      ((bytes[i + 2] ?? 0) << 16) |
      ((bytes[i + 3] ?? 0) << 24)) >>>
    0
  );
}
