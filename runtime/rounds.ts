import { messageOf } from '../protocols/errors.ts';

export interface RoundsOptions {
  /** Milliseconds between rounds that nobody asks for; left out, there are none. */
  readonly everyMs?: number;
  /** Told of a round that failed, unless the one before failed in the same words. */
  onTrouble(error: unknown, trouble: string): void;
}

/** Work that is done in rounds, one at a time: by a clock, and whenever it is asked for. What fails is left to the next round. */
export class Rounds {
  readonly #round: () => Promise<void>;
  readonly #onTrouble: RoundsOptions['onTrouble'];
  readonly #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #trouble = '';
  #isClosed = false;

  constructor(round: () => Promise<void>, { everyMs, onTrouble }: RoundsOptions) {
    this.#round = round;
    this.#onTrouble = onTrouble;
    this.#timer = everyMs === undefined ? undefined : setInterval(() => void this.run(), everyMs).unref();
  }

  /** Why the last round failed; empty where it did not. */
  get trouble(): string {
    return this.#trouble;
  }

  /** A round that begins from now on; however many calls come during a round, one more follows it. Never rejects. */
  run(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      return this.#guarded();
    });
    this.#last = this.#next;
    return this.#last;
  }

  /** Begins no more rounds; resolves when none is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosed = true;
    await this.#last;
  }

  async #guarded(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#round();
      this.#trouble = '';
    } catch (error) {
      const trouble = messageOf(error);
      if (trouble !== this.#trouble && !this.#isClosed) this.#onTrouble(error, trouble);
      this.#trouble = trouble;
    }
  }
}
