/** 32-bit words of an entry: two of the hash, one of the payee's tag, one of the session. */
const WORDS = 4;
const PAYEE = 2;
const SESSION = 3;
const FIRST_SLOTS = 1 << 4;

/** In place of a session: an entry that was taken back, and one that never was. */
const FORGOTTEN = 0xffffffff;
const EMPTY = 0;

/** Who handed a share in, and for whom. */
export interface Submitter {
  /** Tag of the key to be paid. */
  readonly payee: number;
  /** From 1 on, and less than 2^32 - 1. */
  readonly session: number;
}

/**
 * Shares by 64 bits of their hash, of 16 bytes each, in one flat array: linear probing, three quarters full at most.
 * It grows all at once, so it is to be kept small: see SeenShares.
 */
export class ShareTable {
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  #mask = FIRST_SLOTS - 1;
  /** Slots that are not empty. */
  #used = 0;

  get bytes(): number {
    return this.#words.byteLength;
  }

  get(low: number, high: number): Submitter | undefined {
    const at = this.#find(low, high);
    const session = this.#words[at + SESSION] ?? EMPTY;
    if (session === EMPTY || session === FORGOTTEN) return undefined;
    return { payee: this.#words[at + PAYEE] ?? 0, session };
  }

  /** @returns whether it is one more than before */
  set(low: number, high: number, { payee, session }: Submitter): boolean {
    if (4 * (this.#used + 1) > 3 * (this.#mask + 1)) this.#grow();
    const at = this.#find(low, high);
    const before = this.#words[at + SESSION];
    if (before === EMPTY) this.#used++;
    this.#put(at, low, high, payee, session);
    return before === EMPTY || before === FORGOTTEN;
  }

  /** @returns whether it was there */
  delete(low: number, high: number): boolean {
    if (!this.get(low, high)) return false;
    // The slot stays taken, or entries behind it would not be found.
    this.#words[this.#find(low, high) + SESSION] = FORGOTTEN;
    return true;
  }

  /** Index of the entry, or of the empty slot where it belongs. */
  #find(low: number, high: number): number {
    const words = this.#words;
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * WORDS;
      if (words[at + SESSION] === EMPTY) return at;
      if (words[at] === low && words[at + 1] === high) return at;
    }
  }

  #put(at: number, low: number, high: number, payee: number, session: number): void {
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.#words[at + PAYEE] = payee;
    this.#words[at + SESSION] = session;
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(2 * old.length);
    this.#mask = 2 * this.#mask + 1;
    this.#used = 0;
    for (let from = 0; from < old.length; from += WORDS) {
      const session = old[from + SESSION] ?? EMPTY;
      if (session === EMPTY || session === FORGOTTEN) continue;
      const [low, high] = [old[from] ?? 0, old[from + 1] ?? 0];
      this.#put(this.#find(low, high), low, high, old[from + PAYEE] ?? 0, session);
      this.#used++;
    }
    // Frees it at once: waiting for the collector would take as much memory again, and long collections.
    old.buffer.transfer(0);
  }
}
