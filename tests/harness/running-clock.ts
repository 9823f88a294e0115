const TICK_MS = 50;
/** A timer that is later than this was late because the machine stood, or because this process was busy. */
const TOLERATED_MS = 100;

/**
 * A stopwatch that stands while this machine does: a guest whose host gives it no processor for seconds halts all of its
 * processes alike, and none of them can keep a promise of seconds meanwhile. While this process was busy itself it goes on.
 */
export class RunningClock implements Disposable {
  #ranMs = 0;
  #lookedAt = performance.now();
  #usedMs = cpuMs();
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
    const [now, used] = [performance.now(), cpuMs()];
    const passed = now - this.#lookedAt;
    const isLate = passed > TICK_MS + TOLERATED_MS;
    this.#ranMs += isLate ? Math.min(passed, TICK_MS + used - this.#usedMs) : passed;
    this.#lookedAt = now;
    this.#usedMs = used;
  }
}

/** CPU time of this process, all its threads together. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
