const TICK_MS = 50;
/** A timer that is later than this was late because the machine stood, or had no processor to give. */
const TOLERATED_MS = 100;

/**
 * A clock that stands while this machine does: a guest whose host gives it no processor for seconds halts all of its
 * processes alike, and none of them can keep a promise of seconds meanwhile.
 */
export class RunningClock implements Disposable {
  #stoodMs = 0;
  #tickedAt = Date.now();
  readonly #ticks = setInterval(() => this.#tick(), TICK_MS);

  /** Milliseconds; only differences count. */
  now(): number {
    this.#tick();
    return this.#tickedAt - this.#stoodMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticks);
  }

  #tick(): void {
    const now = Date.now();
    const late = now - this.#tickedAt - TICK_MS;
    if (late > TOLERATED_MS) this.#stoodMs += late;
    this.#tickedAt = now;
  }
}
