/** Shares known per prev hash at most: 24 bytes each, in a table at most half full. */
export const MAX_SEEN_SHARES = 1 << 23;

/** The session of shares that an earlier run of the pool stored. */
export const STORED_EARLIER = 1;
/** The first session that a channel may have. */
export const FIRST_SESSION = 2;
const FORGOTTEN = 0xffffffff;

/** 32-bit words of an entry: four of the hash, one of the payee's key, one of the session. */
const WORDS = 6;
const PAYEE = 4;
const SESSION = 5;
const FIRST_CAPACITY = 1 << 10;

/** What is known of a hash that was submitted. */
export type Sighting = 'unseen' | 'duplicate' | 'replay';

/**
 * The hashes of the shares on one prev hash that are stored or about to be. Each is told apart by its lower 128
 * bits, which no target touches. One flat table with linear probing: a million shares take 48 MB and no object.
 */
export class SeenShares {
  #table = new Uint32Array(FIRST_CAPACITY * WORDS);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Where true, no further share can be told from a duplicate, and none may be accepted. */
  get full(): boolean {
    return this.#size >= MAX_SEEN_SHARES;
  }

  /**
   * Whether the share was seen: by the same session it is a duplicate; by another one and for the same payee it
   * is a client that lost the answer and sends its stored share again.
   * @param payee {@link payeeTag} of the key that the share would be paid to
   */
  look(hashLe: Uint8Array, payee: number, session: number): Sighting {
    const at = this.#find(hashLe);
    const seenBy = this.#table[at + SESSION];
    if (seenBy === 0 || seenBy === FORGOTTEN) return 'unseen';
    return seenBy !== session && this.#table[at + PAYEE] === payee ? 'replay' : 'duplicate';
  }

  /** Notes a share; it must be unseen. */
  add(hashLe: Uint8Array, payee: number, session: number): void {
    if (2 * (this.#size + 1) > this.#mask + 1) this.#grow();
    const at = this.#find(hashLe);
    if (this.#table[at + SESSION] === 0) this.#size++;
    for (let word = 0; word < PAYEE; word++) this.#table[at + word] = wordOf(hashLe, word);
    this.#table[at + PAYEE] = payee;
    this.#table[at + SESSION] = session;
  }

  /** Takes back a share whose commit failed. */
  forget(hashLe: Uint8Array): void {
    const at = this.#find(hashLe);
    if (this.#table[at + SESSION] !== 0) this.#table[at + SESSION] = FORGOTTEN;
  }

  /** Index of the hash's entry, or of the empty one where it belongs. */
  #find(hashLe: Uint8Array): number {
    const w0 = wordOf(hashLe, 0);
    const w1 = wordOf(hashLe, 1);
    const w2 = wordOf(hashLe, 2);
    const w3 = wordOf(hashLe, 3);
    const table = this.#table;
    for (let slot = w0 & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * WORDS;
      if (table[at + SESSION] === 0) return at;
      if (table[at] === w0 && table[at + 1] === w1 && table[at + 2] === w2 && table[at + 3] === w3) return at;
    }
  }

  #grow(): void {
    const old = this.#table;
    const capacity = 2 * (this.#mask + 1);
    this.#table = new Uint32Array(capacity * WORDS);
    this.#mask = capacity - 1;
    for (let from = 0; from < old.length; from += WORDS) {
      if (old[from + SESSION] === 0) continue;
      let slot = (old[from] ?? 0) & this.#mask;
      while (this.#table[slot * WORDS + SESSION] !== 0) slot = (slot + 1) & this.#mask;
      this.#table.set(old.subarray(from, from + WORDS), slot * WORDS);
    }
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
