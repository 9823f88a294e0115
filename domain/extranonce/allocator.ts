import { HashpoolError } from '../../protocols/errors.ts';

/**
 * The full extranonce, of one size on all channels, since a group's members share one coinbase prefix:
 *
 *     [ server id 2 ][ counter 4 ][ zeros ][ rolled by the client ]
 */
export const FULL_EXTRANONCE_BYTES = 20;
const FIXED_BYTES = 6;

/** What a client can be given to roll at most. */
export const MAX_ROLLABLE_BYTES = FULL_EXTRANONCE_BYTES - FIXED_BYTES;
/** What a client is given at least: with the nonce and the version, a second's work of any machine. */
export const MIN_ROLLABLE_BYTES = 4;

/** Prefixes in use at once, those of closed channels with live jobs included. */
export const MAX_PREFIXES = 65_536;

/** An allocated prefix; hand it back with {@link ExtranonceAllocator.retire}. */
export interface ExtranoncePrefix {
  readonly counter: number;
  /** Whom it was given to. */
  readonly client: string;
  /** {@link FULL_EXTRANONCE_BYTES} less the rollable bytes. */
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
   * @param rollableBytes what is left for the client, {@link MIN_ROLLABLE_BYTES} to {@link MAX_ROLLABLE_BYTES},
   *   or 0 for a standard channel
   * @param client whose number of prefixes it adds to
   * @throws HashpoolError 'extranonce-exhausted' where {@link MAX_PREFIXES} are in use
   */
  allocate(rollableBytes: number, client: string): ExtranoncePrefix {
    if (this.#used.size >= MAX_PREFIXES) {
      throw new HashpoolError(
        'extranonce-exhausted',
        `all ${MAX_PREFIXES} extranonce prefixes are in use until the next block: try again then`,
      );
    }
    while (this.#used.has(this.#next)) this.#advance();
    const counter = this.#next;
    this.#advance();
    this.#used.add(counter);
    this.#held.set(client, this.heldBy(client) + 1);
    return { counter, client, bytes: this.#bytes(counter, FULL_EXTRANONCE_BYTES - rollableBytes) };
  }

  /** Gives a prefix back once its channel is closed; it stays taken until {@link freeRetired}. */
  retire(prefix: ExtranoncePrefix): void {
    this.#retired.push(prefix);
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
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, this.#serverId);
    view.setUint32(2, counter);
    return bytes;
  }

  #advance(): void {
    this.#next = (this.#next + 1) >>> 0;
  }
}
