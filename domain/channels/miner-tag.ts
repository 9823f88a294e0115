import { parseMiner } from '../../protocols/ehash/key.ts';
import { isHashpoolError } from '../../protocols/errors.ts';

/** Different tags at once: each costs a coinbase with every template. Who comes with one more has none. */
export const MAX_MINER_TAGS = 1_000;

/** What may stand in the coinbase: printable ASCII, but for the slash that parts pool and miner. */
const UNFIT = /[^ -.0-~]/g;

/**
 * The part of a channel's user identity that may stand on the chain: the worker behind a key, else the name before
 * the first dot, so that a name's workers share their jobs. A key is never a part of it.
 * @param maxLength bytes; 0 for no tag
 * @returns '' for none
 */
export function minerTag(userIdentity: string, maxLength: number): string {
  if (maxLength === 0) return '';
  const name = nameIn(userIdentity);
  return name.replace(UNFIT, '').trim().slice(0, maxLength).trim();
}

function nameIn(userIdentity: string): string {
  try {
    const miner = parseMiner(userIdentity);
    if (miner.kind === 'name') return miner.name;
    return miner.worker === undefined || parseMiner(miner.worker).kind === 'key' ? '' : miner.worker;
  } catch (error) {
    // Meant as a key and mistyped: still nothing to be published.
    if (isHashpoolError(error, 'bad-miner-key')) return '';
    throw error;
  }
}

/** The tags in use, so that those of many channels stay within {@link MAX_MINER_TAGS}. */
export class MinerTags {
  #maxLength: number;
  readonly #channels = new Map<string, number>();

  /** @param maxLength see {@link minerTag} */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Different tags in use. */
  get size(): number {
    return this.#channels.size;
  }

  /** Tags that are taken from now on; channels keep theirs until they {@link exchange} them. */
  setMaxLength(maxLength: number): void {
    this.#maxLength = maxLength;
  }

  /** The tag of a new channel; hand it back with {@link release}. */
  take(userIdentity: string): string {
    const tag = minerTag(userIdentity, this.#maxLength);
    const channels = this.#channels.get(tag) ?? 0;
    if (tag === '' || (channels === 0 && this.#channels.size >= MAX_MINER_TAGS)) return '';
    this.#channels.set(tag, channels + 1);
    return tag;
  }

  /** The tag that a channel has now instead of its former one. */
  exchange(former: string, userIdentity: string): string {
    this.release(former);
    return this.take(userIdentity);
  }

  /** A channel with that tag is over. */
  release(tag: string): void {
    const channels = this.#channels.get(tag) ?? 0;
    if (channels > 1) this.#channels.set(tag, channels - 1);
    else this.#channels.delete(tag);
  }
}
