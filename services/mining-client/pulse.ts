/** How often the silence is measured. */
const BEAT_MS = 500;
/** The pool is asked for a sign of life when it has been silent for this part of the limit, and for two seconds at most. */
const ASK_AFTER = 1 / 3;
const ASK_AFTER_MS = 2000;

export interface PulseOptions {
  /** Milliseconds of silence after which the pool counts as gone. */
  readonly limitMs: number;
  /** Asks for something that every pool answers. */
  ask(): void;
  /** The pool was silent for too long. */
  silent(): void;
}

/**
 * Tells a pool that has nothing to say from one that is gone: TCP takes a quarter of an hour to notice a peer that lost
 * its power, and never notices one that hangs. Whatever comes from the pool is a sign of life; where nothing comes, it is
 * asked for one.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #beating: NodeJS.Timeout;
  #heardAt: number;
  #beatAt: number;

  /** @param now milliseconds, of performance.now(), here and below */
  constructor(options: PulseOptions, now = performance.now()) {
    this.#options = options;
    this.#heardAt = now;
    this.#beatAt = now;
    this.#beating = setInterval(() => this.beat(performance.now()), BEAT_MS);
  }

  /** When the pool was heard last, in milliseconds. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Something came from the pool. */
  heard(now = performance.now()): void {
    this.#heardAt = now;
  }

  stop(): void {
    clearInterval(this.#beating);
  }

  /** Measures the silence. */
  beat(now: number): void {
    const { limitMs, ask, silent } = this.#options;
    const passed = now - this.#beatAt;
    this.#beatAt = now;
    // This process itself stood still: that does not count, and what the pool said meanwhile is yet to be read.
    if (passed > 2 * BEAT_MS) this.#heardAt = Math.min(now, this.#heardAt + passed);
    const silence = now - this.#heardAt;
    if (silence >= limitMs) silent();
    else if (silence >= Math.min(limitMs * ASK_AFTER, ASK_AFTER_MS)) ask();
  }
}
