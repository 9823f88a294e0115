import { HashpoolError } from '../../protocols/errors.ts';
import { type ExtranonceLayout, mostRollable, OWN_COINBASE } from './layout.ts';

/** What a client is given at least: with the nonce and the version, a second's work of any machine. */
export const MIN_ROLLABLE_BYTES = 4;

/** Prefixes in use at once, those of closed channels with live jobs included. */
export const MAX_PREFIXES = 65_536;

/** An allocated prefix; hand it back with {@link ExtranonceAllocator.retire}. */
export interface ExtranoncePrefix {
  readonly counter: number;
  /** Whom it was given to. */
  readonly client: string;
  /** Of which layout, one after the other. */
  readonly era: number;
  /** The layout's full extranonce less the rollable bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Hands out extranonce prefixes so that no two channels of any pool search the same headers: the mint leases a
 * server id to one pool, the counter tells its channels apart, and a prefix is not given again while a job
 * that used it could still be mined.
 */
export class ExtranonceAllocator {
  #serverId: number;
  #next: number;
  #layout = OWN_COINBASE;
  #era = 0;
  readonly #used = new Set<number>();
  /** How many of them each client has, by its name. */
  readonly #held = new Map<string, number>();
  #retired: ExtranoncePrefix[] = [];

  /**
   * @param serverId unsigned 16-bit, leased to this pool
   * @param first where the counter starts, unsigned 32-bit; random, so that a restarted pool doesn't hand
   *   out the prefixes whose jobs are still mined
   */
  constructor(serverId: number, first: number) {
    this.#serverId = serverId;
    this.#next = first >>> 0;
  }

  get serverId(): number {
    return this.#serverId;
  }

  get layout(): ExtranonceLayout {
    return this.#layout;
  }

  /** Begins anew with another layout: prefixes of the one before can be mined no more. */
  layOut(layout: ExtranonceLayout): void {
    this.#layout = layout;
    this.#era++;
    this.#used.clear();
    this.#held.clear();
    this.#retired = [];
  }

  /** What a client can be given to roll at most. */
  get mostRollable(): number {
    return mostRollable(this.#layout);
  }

  /** How many prefixes there are, one for each counter. */
  get most(): number {
    return Math.min(MAX_PREFIXES, 256 ** this.#layout.counterBytes);
  }

  /** Prefixes are of that server id from now on; those in use are to be exchanged, see {@link moved}. */
  move(serverId: number): void {
    this.#serverId = serverId;
  }

  /** A prefix in use as it is in the present server id: by its counter still nobody else's. */
  moved(prefix: ExtranoncePrefix): ExtranoncePrefix {
    return { ...prefix, bytes: this.#bytes(prefix.counter, prefix.bytes.length) };
  }

  get inUse(): number {
    return this.#used.size;
  }

  /** Prefixes that were given to a client and are not free again, those of its closed channels included. */
  heldBy(client: string): number {
    return this.#held.get(client) ?? 0;
  }

  /**
   * @param rollableBytes what is left for the client, {@link mostRollable} at most, or 0 for a standard channel
   * @param client whose number of prefixes it adds to
   * @throws HashpoolError 'extranonce-exhausted' where {@link most} are in use
   */
  allocate(rollableBytes: number, client: string): ExtranoncePrefix {
    if (this.#used.size >= this.most) {
      throw new HashpoolError(
        'extranonce-exhausted',
        `all ${this.most} extranonce prefixes are in use until the next block: try again then`,
      );
    }
    let counter = this.#take();
    while (this.#used.has(counter)) counter = this.#take();
    this.#used.add(counter);
    this.#held.set(client, this.heldBy(client) + 1);
    const bytes = this.#bytes(counter, this.#layout.fullBytes - rollableBytes);
    return { counter, client, era: this.#era, bytes };
  }

  /** Gives a prefix back once its channel is closed; it stays taken until {@link freeRetired}. */
  retire(prefix: ExtranoncePrefix): void {
    if (prefix.era === this.#era) this.#retired.push(prefix);
  }

  /** To be called on a new prev hash, which makes all jobs of closed channels stale. */
  freeRetired(): void {
    for (const { counter, client } of this.#retired) {
      this.#used.delete(counter);
      const left = this.heldBy(client) - 1;
      if (left > 0) this.#held.set(client, left);
      else this.#held.delete(client);
    }
    this.#retired = [];
  }

  #bytes(counter: number, length: number): Uint8Array {
    const { serverIdBytes, counterBytes } = this.#layout;
    const bytes = new Uint8Array(length);
    for (let i = 0; i < serverIdBytes; i++) bytes[i] = this.#serverId >>> (8 * (serverIdBytes - 1 - i));
    for (let i = 0; i < counterBytes; i++)
      bytes[serverIdBytes + i] = counter >>> (8 * (counterBytes - 1 - i));
    return bytes;
  }

  /** The next counter, as many of its bits as the layout has room for. */
  #take(): number {
    const { counterBytes } = this.#layout;
    const counter = this.#next % 256 ** counterBytes;
    this.#next = (this.#next + 1) >>> 0;
    return counter;
  }
}
