import { NO_ROOM, type PayoutRoom } from './payouts.ts';

/** Room is asked for in powers of two from here on, since each change costs all miners a new job. */
const LEAST_SIZE = 256;
const LEAST_SIGOPS = 32;

/**
 * The room for payouts that a template provider is asked for, and the part of it that templates are sure to leave: a template
 * does not say by which `CoinbaseOutputConstraints` it was made, and a block whose coinbase is larger than that may be too
 * heavy. Providers answer each announcement, in their order, by giving the current tip again, and that of a connection's
 * beginning by its first tip. One that takes no other gives none, and its templates are sure of more room from the next
 * connection on. An answer that comes as a new tip is not told apart from any: then more answers are waited for than come,
 * until the room is asked for once more.
 */
export class AskedRoom {
  readonly #most: PayoutRoom;
  #asked = NO_ROOM;
  #granted = NO_ROOM;
  /** Announcements of what is asked for that may yet be answered, and those of before. */
  #announced = 0;
  #outdated = 0;
  #isTipFirst = false;

  /** @param most what is asked for at most */
  constructor(most: PayoutRoom) {
    this.#most = most;
  }

  /** What is to be announced. */
  get asked(): PayoutRoom {
    return this.#asked;
  }

  /** What a template that comes now is sure to leave. */
  get granted(): PayoutRoom {
    return this.#granted;
  }

  /**
   * Payouts need so much. What was asked for is asked for again until it is answered, and nothing else meanwhile: an answer
   * does not say to what.
   * @returns whether {@link asked} is to be announced
   */
  want({ size, sigops }: PayoutRoom): boolean {
    if (!isSame(this.#granted, this.#asked)) {
      this.#announced++;
      return true;
    }
    const wanted = {
      size: Math.min(stepOf(size, LEAST_SIZE), this.#most.size),
      sigops: Math.min(stepOf(sigops, LEAST_SIGOPS), this.#most.sigops),
    };
    if (isSame(wanted, this.#asked)) return false;
    this.#granted = {
      size: Math.min(this.#asked.size, wanted.size),
      sigops: Math.min(this.#asked.sigops, wanted.sigops),
    };
    this.#asked = wanted;
    this.#outdated += this.#announced;
    this.#announced = 1;
    return true;
  }

  /** The provider has told the tip again: the answer to an announcement. @returns whether to what is asked for at present */
  answered(): boolean {
    if (this.#outdated > 0) {
      this.#outdated--;
      return false;
    }
    this.#announced = Math.max(0, this.#announced - 1);
    this.#granted = this.#asked;
    return true;
  }

  /** A connection begins, with the announcement of what is asked for: all its templates are made with that, or with what follows. */
  connected(): void {
    this.#granted = this.#asked;
    [this.#announced, this.#outdated, this.#isTipFirst] = [0, 0, true];
  }

  /** A tip comes. @returns whether it is the first of its connection, which answers no announcement of later */
  isFirstTip(): boolean {
    const isFirst = this.#isTipFirst;
    this.#isTipFirst = false;
    return isFirst;
  }
}

function stepOf(needed: number, least: number): number {
  return needed === 0 ? 0 : Math.max(least, 2 ** Math.ceil(Math.log2(needed)));
}

function isSame(a: PayoutRoom, b: PayoutRoom): boolean {
  return a.size === b.size && a.sigops === b.sigops;
}
