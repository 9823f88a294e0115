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

/**
 * The shares of one channel that the pool has not answered yet, by sequence number. A success covers every share up to
 * its last_sequence_number that had no error before it (5.3.14): pools batch successes and send errors at once.
 * They are kept whole, to be sent again where a link was cut before the answer.
 */
export class PendingShares<S extends { readonly answered: Answered }> {
  readonly #waiting = new Map<number, S>();
  readonly #forget: (sequence: number) => void;
  readonly #most: number;
  #next = 1;

  /** @param forget told of each share that waits no longer */
  constructor(forget: (sequence: number) => void = () => undefined, most = MAX_PENDING_SHARES) {
    this.#forget = forget;
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.#most;
  }

  /** Sequence numbers and shares, in the order in which they were submitted. */
  [Symbol.iterator](): IterableIterator<[sequence: number, share: S]> {
    return this.#waiting[Symbol.iterator]();
  }

  /** @returns the sequence number to submit with */
  add(share: S): number {
    const sequence = this.#next;
    this.restore(sequence, share);
    return sequence;
  }

  /** Adds a share under the number that it had; numbers go on from there. */
  restore(sequence: number, share: S): void {
    this.#next = (sequence + 1) >>> 0;
    this.#waiting.set(sequence, share);
  }

  /** @returns how many shares the success covered */
  accept(lastSequence: number): number {
    let covered = 0;
    for (const [sequence, share] of this.#waiting) {
      // Oldest first; the difference as a signed number is right across the wrap at 2^32 too.
      if (((lastSequence - sequence) | 0) < 0) break;
      this.#waiting.delete(sequence);
      this.#forget(sequence);
      covered++;
      share.answered(ACCEPTED);
    }
    return covered;
  }

  /** @returns false where no share waits under that number */
  refuse(sequence: number, code: string): boolean {
    const share = this.#waiting.get(sequence);
    if (share === undefined) return false;
    this.#waiting.delete(sequence);
    this.#forget(sequence);
    share.answered({ kind: 'refused', code });
    return true;
  }

  /** Gives all of them the same answer. */
  answerAll(verdict: ShareVerdict): void {
    for (const [sequence, share] of this.#waiting) {
      this.#waiting.delete(sequence);
      this.#forget(sequence);
      share.answered(verdict);
    }
  }
}
