import type { LockKeys } from '../lock-keys.ts';

/** The wallet's locking key for one miner's channel: taken at the first need, given back if nothing was locked to it. */
export class ChannelKey {
  readonly #source: Pick<LockKeys, 'take' | 'giveBack'>;
  #key: Promise<Uint8Array> | undefined;
  #isUsed = false;

  constructor(source: Pick<LockKeys, 'take' | 'giveBack'>) {
    this.#source = source;
  }

  /** The same key each time. Rejects with what the wallet threw, and may then be asked for again. */
  get(): Promise<Uint8Array> {
    this.#key ??= this.#take();
    return this.#key;
  }

  /** A share was sent that pays this key. */
  markUsed(): void {
    this.#isUsed = true;
  }

  /** The channel is over. */
  async release(): Promise<void> {
    if (this.#isUsed) return;
    // Why a key could not be taken was told where it was asked for.
    const key = await this.#key?.catch(() => undefined);
    if (key !== undefined) this.#source.giveBack(key);
  }

  async #take(): Promise<Uint8Array> {
    try {
      return await this.#source.take();
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }
}
