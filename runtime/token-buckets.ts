/** How fast a bucket fills, and how much it holds. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Buckets that are remembered; the one that was not asked for longest goes first. */
export const MAX_BUCKETS = 20_000;

/** A bucket of tokens; a new one is full. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;

  /** @param now monotonic milliseconds */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = now;
  }

  /**
   * Takes `cost` tokens. More than a full bucket holds is let through once it is full, and leaves a debt.
   * @returns 0, or the milliseconds after which there is enough; then nothing was taken
   */
  take(cost: number, now: number): number {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    const missing = Math.min(cost, burst) - this.#tokens;
    if (missing > 0) return Math.ceil((1000 * missing) / perSecond);
    this.#tokens -= cost;
    return 0;
  }
}

/** One bucket of tokens for each key, all of one rate. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #clock: () => number;
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param clock monotonic milliseconds */
  constructor(rate: Rate, clock: () => number) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** As {@link TokenBucket.take}, of the key's bucket. */
  take(key: string, cost: number): number {
    return this.of(key).take(cost, this.#clock());
  }

  /** The key's bucket, for who takes of it often. */
  of(key: string): TokenBucket {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, this.#clock());
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MAX_BUCKETS) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }

  get size(): number {
    return this.#buckets.size;
  }
}
