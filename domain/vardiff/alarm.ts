/** Two rates of shares to be told apart, by what each share found or wanted says of them: a logarithm of odds. */
export interface Change {
  readonly hardens: boolean;
  readonly perFound: number;
  readonly perWanted: number;
  /** The sum at which the alarm goes off. */
  readonly at: number;
}

/** @param usual, changed the two rates, as multiples of the wanted one */
export function changeOf(usual: number, changed: number, at: number): Change {
  return { hardens: changed > usual, perFound: Math.log(changed / usual), perWanted: usual - changed, at };
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
  readonly #change: Change;
  #score = 0;
  #found = 0;
  #wanted = 0;

  constructor(change: Change) {
    this.#change = change;
  }

  get hardens(): boolean {
    return this.#change.hardens;
  }

  get found(): number {
    return this.#found;
  }

  get wanted(): number {
    return this.#wanted;
  }

  /** Whether the rate has changed, as it seems. */
  get isOff(): boolean {
    return this.#score > this.#change.at;
  }

  add(found: number, wanted: number): void {
    this.#score += found * this.#change.perFound + wanted * this.#change.perWanted;
    this.#found += found;
    this.#wanted += wanted;
    if (this.#score <= 0) this.restart();
  }

  /** Begins anew, as if so large a part of what sets it off had been seen. */
  restart(headStart = 0): void {
    this.#score = this.#change.at * headStart;
    this.#found = 0;
    this.#wanted = 0;
  }
}
