import type { LockKeys } from '../lock-keys.ts';

/** What the keys come from. */
export type KeyPool = Pick<LockKeys, 'take' | 'giveBack' | 'epoch'>;

interface TakenKey {
  readonly key: Uint8Array;
  readonly epoch: number;
  isUsed: boolean;
}

/**
 * The wallet's locking key for one miner's channel: taken at the first need, another one once an epoch has begun in which
 * it would lock more, given back if nothing was locked to it.
 */
export class ChannelKey {
  readonly #source: KeyPool;
  #current: TakenKey | undefined;
  #taking: Promise<Uint8Array> | undefined;

  constructor(source: KeyPool) {
    this.#source = source;
  }

  /** The same key each time within an epoch. Rejects with what the wallet threw, and may then be asked for again. */
  async get(): Promise<Uint8Array> {
    if (this.#current && !this.#isOver(this.#current)) return this.#current.key;
    this.#taking ??= this.#take();
    return this.#taking;
  }

  /**
   * The key for a share that is sent; undefined before `get` has given one. The first shares of an epoch are locked to
   * the last one's key, while the wallet is asked for another.
   */
  use(): Uint8Array | undefined {
    const current = this.#current;
    if (!current) return undefined;
    // A wallet that gives none is asked again with the next share.
    if (this.#isOver(current)) void this.get().catch(() => undefined);
    current.isUsed = true;
    return current.key;
  }

  /** The channel is over. */
  async release(): Promise<void> {
    // Why a key could not be taken was told where it was asked for.
    await this.#taking?.catch(() => undefined);
    if (this.#current && !this.#current.isUsed) this.#source.giveBack(this.#current.key);
  }

  #isOver({ isUsed, epoch }: TakenKey): boolean {
    return isUsed && epoch !== this.#source.epoch;
  }

  async #take(): Promise<Uint8Array> {
    const { epoch } = this.#source;
    try {
      const key = await this.#source.take();
      this.#current = { key, epoch, isUsed: false };
      return key;
    } finally {
      this.#taking = undefined;
    }
  }
}
