/**
 * The rule of SRI's `VardiffState` ("classic"), written anew from its description, to be compared with ours: every
 * minute the hash rate is estimated from the shares since the last change, and taken over where it differs by more
 * than a percentage that shrinks as time passes. Its target is no power of two.
 */
export class SriClassic {
  readonly #sharesPerMinute: number;
  #hashRate: number;
  #since: number;
  #shares = 0;

  /** @param now milliseconds */
  constructor(sharesPerMinute: number, hashRate: number, now: number) {
    this.#sharesPerMinute = sharesPerMinute;
    this.#hashRate = hashRate;
    this.#since = now;
  }

  /** The logarithm to base 2 of the hashes that a share takes. */
  get exponent(): number {
    return Math.log2((this.#hashRate * 60) / this.#sharesPerMinute);
  }

  accepted(): void {
    this.#shares++;
  }

  /** @returns whether the target moved */
  evaluate(now: number): boolean {
    const seconds = Math.floor((now - this.#since) / 1000);
    if (seconds <= 15) return false;
    const estimate = (this.#hashRate * ((this.#shares * 60) / seconds)) / this.#sharesPerMinute;
    const percent = (Math.abs(estimate - this.#hashRate) / this.#hashRate) * 100;
    if (percent < threshold(seconds)) return false;
    this.#hashRate = Math.max(1, this.#next(estimate, percent, seconds));
    this.#since = now;
    this.#shares = 0;
    return true;
  }

  #next(estimate: number, percent: number, seconds: number): number {
    if (this.#shares === 0) return this.#hashRate / (seconds <= 30 ? 1.5 : seconds < 60 ? 2 : 3);
    if (percent > 1000) return this.#hashRate * (seconds <= 30 ? 10 : seconds < 60 ? 5 : 3);
    return estimate;
  }
}

function threshold(seconds: number): number {
  const steps = [
    [300, 15],
    [240, 30],
    [180, 45],
    [120, 50],
    [60, 60],
  ] as const;
  return steps.find(([from]) => seconds >= from)?.[1] ?? 100;
}
