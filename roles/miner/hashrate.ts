/** Seconds over which the rate is taken. */
const WINDOW_MS = 10_000;

/** Hashes per second over the last ten seconds, from a counter that is read now and then. */
export class HashrateMeter {
  readonly #readings: { at: number; hashes: number }[] = [];

  /**
   * @param at milliseconds
   * @param hashes tried since the start
   * @returns hashes per second, 0 at the first reading
   */
  read(at: number, hashes: number): number {
    this.#readings.push({ at, hashes });
    while (this.#readings.length > 2 && at - (this.#readings[1]?.at ?? at) >= WINDOW_MS)
      this.#readings.shift();
    const oldest = this.#readings[0];
    if (oldest === undefined || at === oldest.at) return 0;
    return Math.round((1000 * (hashes - oldest.hashes)) / (at - oldest.at));
  }
}
