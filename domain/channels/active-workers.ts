/** Workers that are told apart at once; of more, those heard of longest ago go. */
export const MAX_WORKERS = 65_536;
/** A worker without an accepted share for so long does not count any more, in milliseconds, NOTED_MS less at most. */
export const ACTIVE_MS = 600_000;
/** Of a worker with many shares one in this time is noted, in milliseconds: moving it to the end of a long map has its price. */
export const NOTED_MS = 10_000;

/**
 * The workers behind extended channels that handed in accepted shares lately, as those shares name them (extension
 * 0x0002): machines that a pool could not tell apart otherwise.
 */
export class ActiveWorkers {
  /** When each was noted last, in that order. */
  readonly #seen = new Map<string, number>();

  /**
   * A share of the worker was accepted.
   * @param client whose worker it is: two clients may give theirs the same names
   * @param now milliseconds, of a clock that only goes forward
   */
  note(client: string, worker: string, now: number): void {
    const name = `${client}\0${worker}`;
    const before = this.#seen.get(name);
    if (before !== undefined && now - before < NOTED_MS) return;
    this.#seen.delete(name);
    this.#seen.set(name, now);
    if (this.#seen.size > MAX_WORKERS) this.#dropWhile(() => this.#seen.size > MAX_WORKERS);
  }

  /** How many there are. @param now as above */
  count(now: number): number {
    this.#dropWhile((at) => now - at >= ACTIVE_MS);
    return this.#seen.size;
  }

  #dropWhile(isOver: (at: number) => boolean): void {
    for (const [name, at] of this.#seen) {
      if (!isOver(at)) return;
      this.#seen.delete(name);
    }
  }
}
