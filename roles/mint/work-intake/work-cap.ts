/** How much work a pool may deliver: what a stolen issuer key could claim by feeding in other people's headers is bounded by it. */
export interface WorkAllowance {
  /** Hashes. */
  readonly perHour: bigint;
  /** Hashes of one ehash, as an exponent of two. */
  readonly minimumDifficulty: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What is left of a pool's hour. */
export class WorkCap {
  readonly #perHour: bigint;
  #used: bigint;

  /**
   * @param perHour hashes
   * @param used hashes that came in the hour
   */
  constructor(perHour: bigint, used: bigint) {
    this.#perHour = perHour;
    this.#used = used;
  }

  /**
   * Takes 2^exponent hashes from what is left. 'full' where that is too little now, 'never' where a whole hour would
   * be: then nothing is taken.
   */
  take(exponent: number): 'taken' | 'full' | 'never' {
    const hashes = 1n << BigInt(exponent);
    if (hashes > this.#perHour) return 'never';
    if (this.#used + hashes > this.#perHour) return 'full';
    this.#used += hashes;
    return 'taken';
  }
}
