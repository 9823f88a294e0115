const TICK_MS = 50;
/** A timer that is later than this was late because the machine stood, or had no processor to give. */
const TOLERATED_MS = 100;

/**
 * A stopwatch that stands while this machine does: a guest whose host gives it no processor for seconds halts all of its
 * processes alike, and none of them can keep a promise of seconds meanwhile.
 */
export class RunningClock implements Disposable {
  #ranMs = 0;
  #lookedAt = performance.now();
  readonly #ticks = setInterval(() => this.#look(), TICK_MS);

  /** Milliseconds since it was made, without those in which the machine stood. */
  get ms(): number {
    this.#look();
    return this.#ranMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticks);
  }

  #look(): void {
    const now = performance.now();
    const passed = now - this.#lookedAt;
    this.#ranMs += passed > TICK_MS + TOLERATED_MS ? TICK_MS : passed;
    this.#lookedAt = now;
  }
}
