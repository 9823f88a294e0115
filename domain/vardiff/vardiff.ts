/**
 * Difficulty of a channel in powers of two. Shares arrive as a Poisson process, so what counts is how unlikely
 * their number is, not how far it is off: a silent miner is eased after about seven shares' time, a flood is
 * stopped within a few shares, and chance alone moves a settled channel less than once in days.
 */

/** Standard deviations below, and above, at which the target moves. Easing is cheap; hardening too soon starves. */
const EASE_SIGMAS = 2.4;
const HARDEN_SIGMAS = 4;
/** Rates between these multiples of the wanted one are left alone: neighbouring powers of two are a factor 2 apart. */
const LOW = 0.7;
const HIGH = 1.5;
/** A window that expected so many shares without a verdict begins anew, so that old times don't hide a change. */
const WINDOW_SHARES = 48;
/** Steps at most towards easier at once: a miner that comes back must not flood. */
const MAX_EASING = 3;
/** Shares that a small window needs beyond its expectation before it counts as a flood. */
const FLOOD = 4;

/** The range in which a channel's exponent must stay. */
export interface ExponentRange {
  readonly floor: number;
  readonly ceiling: number;
}

/**
 * The exponent at which a miner of that hash rate finds about `sharesPerMinute`, within `range`.
 * @param hashesPerSecond 0 where it isn't known
 */
export function exponentFor(hashesPerSecond: number, sharesPerMinute: number, range: ExponentRange): number {
  const hashesPerShare = (hashesPerSecond * 60) / sharesPerMinute;
  return within(range, hashesPerShare <= 1 ? 0 : Math.round(Math.log2(hashesPerShare)));
}

export class Vardiff {
  readonly #sharesPerMinute: number;
  #k: number;
  #since: number;
  #count = 0;

  /**
   * @param k the exponent to start with
   * @param now milliseconds, of a clock that only goes forward
   */
  constructor(sharesPerMinute: number, k: number, now: number) {
    this.#sharesPerMinute = sharesPerMinute;
    this.#k = k;
    this.#since = now;
  }

  /** 2^(256-k) - 1 is the channel's target. */
  get k(): number {
    return this.#k;
  }

  /** Counts a share that was accepted for a job of exponent `k`: one for an older, easier target counts for less. */
  accepted(k: number): void {
    this.#count += k === this.#k ? 1 : 2 ** (k - this.#k);
  }

  /** Sets the exponent from outside, as a client's new maximum target may; counting begins anew. */
  set(k: number, now: number): void {
    this.#k = k;
    this.#since = now;
    this.#count = 0;
  }

  /**
   * Moves the target if the shares since the last move say so. To be called every few seconds.
   * @returns the new exponent, or undefined where it stays
   */
  evaluate(now: number, range: ExponentRange): number | undefined {
    const expected = ((now - this.#since) / 60_000) * this.#sharesPerMinute;
    if (expected <= 0) return undefined;
    const low = LOW * expected;
    const high = HIGH * expected;
    const tooFew = low - this.#count > EASE_SIGMAS * Math.sqrt(low);
    const tooMany = this.#count - high > HARDEN_SIGMAS * Math.sqrt(high) + FLOOD;
    if (tooFew || tooMany) {
      const ideal = Math.round(Math.log2((this.#count + 0.5) / expected));
      const step = tooMany ? Math.max(1, ideal) : Math.min(-1, Math.max(-MAX_EASING, ideal));
      const next = within(range, this.#k + step);
      const moved = next !== this.#k;
      this.set(next, now);
      return moved ? next : undefined;
    }
    if (expected >= WINDOW_SHARES) this.set(this.#k, now);
    return undefined;
  }
}

function within({ floor, ceiling }: ExponentRange, k: number): number {
  return Math.max(floor, Math.min(ceiling, k));
}
