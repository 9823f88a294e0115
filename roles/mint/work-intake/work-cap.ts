/** The window slides in steps of this length. */
const STEP_MS = 60_000;
const STEPS = 60;

/**
 * How much work each pool may deliver in an hour: what a stolen issuer key could claim by feeding in other
 * people's headers is bounded by it. Kept in memory; a restart begins a new hour.
 */
export class WorkCap {
  readonly #perHour: bigint;
  readonly #steps: { step: number; hashes: bigint }[] = [];

  /** @param perHour hashes */
  constructor(perHour: bigint) {
    this.#perHour = perHour;
  }

  /**
   * Takes 2^exponent hashes from what is left of the hour. 'full' where that is too little now, 'never' where a
   * whole hour would be: then nothing is taken.
   */
  take(exponent: number, now: number): 'taken' | 'full' | 'never' {
    const step = Math.floor(now / STEP_MS);
    while (this.#steps[0] !== undefined && this.#steps[0].step <= step - STEPS) this.#steps.shift();
    const used = this.#steps.reduce((sum, each) => sum + each.hashes, 0n);
    const hashes = 1n << BigInt(exponent);
    if (hashes > this.#perHour) return 'never';
    if (used + hashes > this.#perHour) return 'full';
    const last = this.#steps.at(-1);
    if (last?.step === step) last.hashes += hashes;
    else this.#steps.push({ step, hashes });
    return 'taken';
  }

  /** Puts back hashes that were taken at `now` and came to nothing. */
  giveBack(hashes: bigint, now: number): void {
    const step = this.#steps.find((each) => each.step === Math.floor(now / STEP_MS));
    if (step) step.hashes -= hashes;
  }
}
