/** How fast a bucket fills, and how much it holds. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds. */
  filledAt: number;
}

/** Buckets that are remembered; the one that was not asked for longest goes first. */
export const MAX_BUCKETS = 20_000;

/** One bucket of tokens for each key, all of one rate; a new one is full. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #clock: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param clock monotonic milliseconds */
  constructor(rate: Rate, clock: () => number) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /**
   * Takes `cost` tokens. More than a full bucket holds is let through once it is full, and leaves a debt.
   * @returns 0, or the milliseconds after which there is enough; then nothing was taken
   */
  take(key: string, cost: number): number {
    const { perSecond, burst } = this.#rate;
    const bucket = this.#filled(key);
    const missing = Math.min(cost, burst) - bucket.tokens;
    if (missing > 0) return Math.ceil((1000 * missing) / perSecond);
    bucket.tokens -= cost;
    return 0;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #filled(key: string): Bucket {
    const now = this.#clock();
    const { perSecond, burst } = this.#rate;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAt: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) * perSecond) / 1000);
    bucket.filledAt = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
