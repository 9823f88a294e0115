import { NO_ROOM, type PayoutRoom } from './payouts.ts';

/** Templates that come so long after more room was asked for were made with it: what was under way before has arrived. */
export const SETTLE_MS = 30_000;
/** Room is asked for in powers of two from here on, since each change costs all miners a new job. */
const LEAST_SIZE = 256;
const LEAST_SIGOPS = 32;

/**
 * The room for payouts that a template provider is asked for, and the part of it that templates are sure to leave: a template
 * does not say by which `CoinbaseOutputConstraints` it was made, and a block whose coinbase is larger than that may be too
 * heavy. Times are of a clock that only goes forward, in milliseconds.
 */
export class AskedRoom {
  readonly #most: PayoutRoom;
  #asked = NO_ROOM;
  #granted = NO_ROOM;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** @param most what is asked for at most */
  constructor(most: PayoutRoom) {
    this.#most = most;
  }

  /** What is to be announced. */
  get asked(): PayoutRoom {
    return this.#asked;
  }

  /**
   * Payouts need so much. While it isn't settled what was asked for last, nothing else is asked for.
   * @returns whether {@link asked} is another than before, which is to be announced
   */
  want({ size, sigops }: PayoutRoom, now: number): boolean {
    const wanted = {
      size: Math.min(stepOf(size, LEAST_SIZE), this.#most.size),
      sigops: Math.min(stepOf(sigops, LEAST_SIGOPS), this.#most.sigops),
    };
    const sure = this.at(now);
    if (isSame(wanted, this.#asked) || !isSame(sure, this.#asked)) return false;
    this.#granted = {
      size: Math.min(sure.size, wanted.size),
      sigops: Math.min(sure.sigops, wanted.sigops),
    };
    this.#asked = wanted;
    this.#askedAt = now;
    return true;
  }

  /** A template was made with what was asked for: it is the first of a connection, or the answer to an announcement. */
  answered(): void {
    this.#granted = this.#asked;
  }

  /** What a template that comes now is sure to leave. */
  at(now: number): PayoutRoom {
    return now - this.#askedAt >= SETTLE_MS ? this.#asked : this.#granted;
  }
}

function stepOf(needed: number, least: number): number {
  return needed === 0 ? 0 : Math.max(least, 2 ** Math.ceil(Math.log2(needed)));
}

function isSame(a: PayoutRoom, b: PayoutRoom): boolean {
  return a.size === b.size && a.sigops === b.sigops;
}
