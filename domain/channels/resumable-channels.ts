import { toHex } from '../../protocols/bytes.ts';

/** Channels of cut links that are kept at once; of more, those cut first go. */
export const MAX_CUT_CHANNELS = 10_000;

/** What a channel must say of itself. */
interface Resumable {
  /** See {@link resumeName}; undefined for a channel that ends with its link. */
  readonly resumeName: string | undefined;
}

interface Held<C> {
  readonly channel: C;
  /** Takes the channel from the connection that has it. */
  readonly release: () => void;
  /** Milliseconds; undefined while the connection is there. */
  cutAt: number | undefined;
}

/**
 * The name that a channel can be resumed by: the client's token, and whom the channel is for, so that a token that
 * became known gives nobody else's channel away.
 * @param token 16 bytes, random
 * @param lockingKey the channel's default, 33 bytes; undefined where only shares name one
 */
export function resumeName(
  token: Uint8Array,
  userIdentity: string,
  lockingKey: Uint8Array | undefined,
): string {
  return `${toHex(token)}/${lockingKey ? toHex(lockingKey) : ''}/${userIdentity}`;
}

/**
 * Channels that were opened with a token. When their link is cut they are kept for a while, so that their client gets
 * prefix, jobs and difficulty back. A client may notice a cut long before its pool does: then the channel is taken from
 * the connection that still seems to have it.
 */
export class ResumableChannels<C extends Resumable> {
  readonly #keptMs: number;
  readonly #drop: (channel: C) => void;
  readonly #held = new Map<string, Held<C>>();
  /** Names of cut channels, in the order in which they were cut. */
  readonly #cut = new Set<string>();

  /**
   * @param keptMs how long a cut channel is kept
   * @param drop told of each cut channel that nobody came back for
   */
  constructor(keptMs: number, drop: (channel: C) => void) {
    this.#keptMs = keptMs;
    this.#drop = drop;
  }

  /** Cut channels that are kept. */
  get waiting(): number {
    return this.#cut.size;
  }

  /**
   * A channel was opened; its name, if it has one, must be free, see {@link take}.
   * @param release takes it from its connection, where the connection still has it when it is resumed
   */
  hold(channel: C, release: () => void): void {
    if (channel.resumeName === undefined) return;
    this.#held.set(channel.resumeName, { channel, release, cutAt: undefined });
  }

  /**
   * The channel's link was cut.
   * @param now milliseconds
   * @returns false where it is not resumable, and over
   */
  cut(channel: C, now: number): boolean {
    const name = channel.resumeName;
    const held = name === undefined ? undefined : this.#held.get(name);
    if (name === undefined || held?.channel !== channel) return false;
    held.cutAt = now;
    this.#cut.add(name);
    const [oldest] = this.#cut;
    if (this.#cut.size > MAX_CUT_CHANNELS && oldest !== undefined) this.#expire(oldest);
    return true;
  }

  /** The channel was closed for good. */
  forget(channel: C): void {
    const name = channel.resumeName;
    if (name !== undefined && this.#held.get(name)?.channel === channel) this.#remove(name);
  }

  /**
   * The channel of that name, which is the caller's from now on; undefined where there is none.
   * @returns with when it was cut, in milliseconds, if that was noticed
   */
  take(name: string): { readonly channel: C; readonly cutAt: number | undefined } | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    this.#remove(name);
    if (held.cutAt === undefined) held.release();
    return held;
  }

  /** Drops what nobody came back for. @param now milliseconds */
  expire(now: number): void {
    for (const name of this.#cut) {
      const cutAt = this.#held.get(name)?.cutAt;
      if (cutAt !== undefined && now - cutAt < this.#keptMs) break;
      this.#expire(name);
    }
  }

  #expire(name: string): void {
    const channel = this.#remove(name);
    if (channel !== undefined) this.#drop(channel);
  }

  #remove(name: string): C | undefined {
    const held = this.#held.get(name);
    this.#held.delete(name);
    this.#cut.delete(name);
    return held?.channel;
  }
}
