/** What became of a share. */
export type ShareVerdict =
  | { readonly kind: 'accepted' }
  /** The pool said no; `code` is its SubmitShares.Error. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Nobody knows: the link was cut before the answer, or the share was never sent. */
  | { readonly kind: 'lost'; readonly reason: string };

/** Shares of one channel that may wait for the pool's answer; more are not sent. */
export const MAX_PENDING_SHARES = 1024;
/** The same of a channel that many miners share. */
export const MAX_PENDING_OF_SHARED = 100_000;

/** Told once what became of a share, which may be before it was sent. */
export type Answered = (verdict: ShareVerdict) => void;

const ACCEPTED: ShareVerdict = { kind: 'accepted' };

/** A share as it waits. */
export interface PendingShare {
  /** What it was submitted with; that of the next is one more, and 0 comes after 2^32 - 1. */
  readonly sequence: number;
  readonly answered: Answered;
}

/** Most miners have no more on their way at once. */
const FIRST_ROOM = 4;

/**
 * The shares of one channel that the pool has not answered yet. A success covers every share up to its
 * last_sequence_number that had no error before it (5.3.14): pools batch successes and send errors at once.
 * They are kept whole, to be sent again where a link was cut before the answer.
 *
 * They lie in a ring: a map that becomes empty is made anew by V8, which every share of ten thousand channels would pay for.
 */
export class PendingShares<S extends PendingShare> {
  readonly #forget: (sequence: number) => void;
  readonly #most: number;
  /** Its length is a power of two. */
  #ring = new Array<S | undefined>(FIRST_ROOM);
  #oldest = 0;
  #size = 0;
  #next = 1;

  /** @param forget told of each share that waits no longer */
  constructor(forget: (sequence: number) => void = () => undefined, most = MAX_PENDING_SHARES) {
    this.#forget = forget;
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#most;
  }

  /** The sequence number to submit the next one with. */
  get next(): number {
    return this.#next;
  }

  /** In the order in which they were submitted. */
  *[Symbol.iterator](): Generator<S> {
    for (let each = 0; each < this.#size; each++) {
      const share = this.#ring[this.#place(each)];
      if (share !== undefined) yield share;
    }
  }

  /** @param share with the next number, or with the one that it had: numbers go on from there */
  add(share: S): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[this.#place(this.#size)] = share;
    this.#size++;
    this.#next = (share.sequence + 1) >>> 0;
  }

  /** @returns how many shares the success covered */
  accept(lastSequence: number): number {
    let covered = 0;
    for (let share = this.#first; share !== undefined; share = this.#first) {
      // The difference as a signed number is right across the wrap at 2^32 too.
      if (((lastSequence - share.sequence) | 0) < 0) break;
      this.#settle(share, ACCEPTED);
      covered++;
    }
    return covered;
  }

  /** @returns false where no share waits under that number */
  refuse(sequence: number, code: string): boolean {
    for (let each = 0; each < this.#size; each++) {
      const share = this.#ring[this.#place(each)];
      if (share?.sequence !== sequence) continue;
      // Those before it go one place up, and the first place is free.
      for (let at = each; at > 0; at--) this.#ring[this.#place(at)] = this.#ring[this.#place(at - 1)];
      this.#ring[this.#oldest] = share;
      this.#settle(share, { kind: 'refused', code });
      return true;
    }
    return false;
  }

  /** Gives all of them the same answer. */
  answerAll(verdict: ShareVerdict): void {
    for (let share = this.#first; share !== undefined; share = this.#first) this.#settle(share, verdict);
  }

  get #first(): S | undefined {
    return this.#ring[this.#oldest];
  }

  /** Takes away the first and answers it. */
  #settle(share: S, verdict: ShareVerdict): void {
    this.#ring[this.#oldest] = undefined;
    this.#oldest = this.#place(1);
    this.#size--;
    this.#forget(share.sequence);
    share.answered(verdict);
  }

  #place(each: number): number {
    return (this.#oldest + each) & (this.#ring.length - 1);
  }

  #grow(): void {
    const ring = new Array<S | undefined>(2 * this.#size);
    for (let each = 0; each < this.#size; each++) ring[each] = this.#ring[this.#place(each)];
    this.#ring = ring;
    this.#oldest = 0;
  }
}
