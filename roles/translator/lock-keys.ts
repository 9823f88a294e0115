import { randomBytes } from 'node:crypto';

/** Keys given back unused that are kept for the next channels. */
const MAX_SPARE_KEYS = 10_000;

/** The wallet, as far as locking needs it: a key is stored before it is told. */
export interface KeySource {
  keyForChannel(purpose: string): Promise<Uint8Array>;
}

/** The wallet's locking keys, one per channel and epoch; a key that locked nothing serves the next channel. */
export class LockKeys {
  readonly #source: KeySource;
  readonly #spare: Uint8Array[] = [];
  #units: string | undefined;
  #epoch = 0;

  constructor(source: KeySource) {
    this.#source = source;
  }

  /** Counts the epochs that were seen to begin: a key that was used in an earlier one has had its time. */
  get epoch(): number {
    return this.#epoch;
  }

  /** @param units that the mint signs: others than before mean that an epoch has begun */
  noteUnits(units: readonly string[]): void {
    const seen = units.join(' ');
    if (seen === '' || seen === this.#units) return;
    if (this.#units !== undefined) this.#epoch++;
    this.#units = seen;
  }

  async take(): Promise<Uint8Array> {
    return (
      this.#spare.pop() ?? (await this.#source.keyForChannel(`channel ${randomBytes(8).toString('hex')}`))
    );
  }

  /** For keys that no share was ever sent with. */
  giveBack(key: Uint8Array): void {
    if (this.#spare.length < MAX_SPARE_KEYS) this.#spare.push(key);
  }
}
