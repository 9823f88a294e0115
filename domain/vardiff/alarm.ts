/** Two rates of shares to be told apart, as multiples of the wanted one. */
export interface Change {
  readonly usual: number;
  readonly changed: number;
  /** The logarithm of the odds for `changed` at which the alarm goes off. */
  readonly at: number;
}

/** That the exponent is wrong, and what shows it. */
export interface Verdict {
  readonly hardens: boolean;
  /** Shares since the rate seems wrong, those found and those wanted. */
  readonly found: number;
  readonly wanted: number;
}

/** Page's test (CUSUM) for a change of a Poisson process from one rate to another. */
export class Alarm implements Verdict {
  readonly hardens: boolean;
  readonly #perFound: number;
  readonly #perWanted: number;
  readonly #at: number;
  #score = 0;
  #found = 0;
  #wanted = 0;

  constructor({ usual, changed, at }: Change) {
    this.hardens = changed > usual;
    this.#perFound = Math.log(changed / usual);
    this.#perWanted = usual - changed;
    this.#at = at;
  }

  get found(): number {
    return this.#found;
  }

  get wanted(): number {
    return this.#wanted;
  }

  /** Whether the rate has changed, as it seems. */
  get isOff(): boolean {
    return this.#score > this.#at;
  }

  add(found: number, wanted: number): void {
    this.#score += found * this.#perFound + wanted * this.#perWanted;
    this.#found += found;
    this.#wanted += wanted;
    if (this.#score <= 0) this.restart();
  }

  /** Begins anew, as if so large a part of what sets it off had been seen. */
  restart(headStart = 0): void {
    this.#score = this.#at * headStart;
    this.#found = 0;
    this.#wanted = 0;
  }
}
