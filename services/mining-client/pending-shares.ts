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

interface PendingShare<S> {
  readonly share: S;
  resolve(verdict: ShareVerdict): void;
}

/**
 * The shares of one channel that the pool has not answered yet, by sequence number. A success covers every share up to
 * its last_sequence_number that had no error before it (5.3.14): pools batch successes and send errors at once.
 * They are kept whole, to be sent again where a link was cut before the answer.
 */
export class PendingShares<S> {
  readonly #waiting = new Map<number, PendingShare<S>>();
  readonly #answered: (sequence: number) => void;
  readonly #most: number;
  #next = 1;

  /** @param answered told of each share that waits no longer */
  constructor(answered: (sequence: number) => void = () => undefined, most = MAX_PENDING_SHARES) {
    this.#answered = answered;
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.#most;
  }

  /** Sequence numbers and shares, in the order in which they were submitted. */
  get unanswered(): readonly (readonly [number, S])[] {
    return [...this.#waiting].map(([sequence, { share }]) => [sequence, share]);
  }

  /** @returns the sequence number to submit with, and the verdict to come */
  add(share: S): { readonly sequence: number; readonly verdict: Promise<ShareVerdict> } {
    const sequence = this.#next;
    return { sequence, verdict: this.restore(sequence, share) };
  }

  /** Adds a share under the number that it had; numbers go on from there. @returns the verdict to come */
  restore(sequence: number, share: S): Promise<ShareVerdict> {
    this.#next = (sequence + 1) >>> 0;
    return new Promise((resolve) => this.#waiting.set(sequence, { share, resolve }));
  }

  /** @returns how many shares the success covered */
  accept(lastSequence: number): number {
    let covered = 0;
    for (const [sequence, { resolve }] of this.#waiting) {
      // Oldest first; the difference as a signed number is right across the wrap at 2^32 too.
      if (((lastSequence - sequence) | 0) < 0) break;
      this.#waiting.delete(sequence);
      this.#answered(sequence);
      resolve({ kind: 'accepted' });
      covered++;
    }
    return covered;
  }

  /** @returns false where no share waits under that number */
  refuse(sequence: number, code: string): boolean {
    const pending = this.#waiting.get(sequence);
    if (this.#waiting.delete(sequence)) this.#answered(sequence);
    pending?.resolve({ kind: 'refused', code });
    return pending !== undefined;
  }

  /** Gives all of them the same answer. */
  answerAll(verdict: ShareVerdict): void {
    for (const [sequence, { resolve }] of this.#waiting) {
      this.#answered(sequence);
      resolve(verdict);
    }
    this.#waiting.clear();
  }
}
