import { concatBytes } from '../../../protocols/bytes.ts';
import type { ChannelWish, Share } from '../../../services/mining-client/channel.ts';
import type { Answered } from '../../../services/mining-client/pending-shares.ts';
import type { ShareOwner } from '../../../services/mining-client/share-owner.ts';
import type { UpstreamChannel } from '../sv1-server/upstream.ts';
import type { SharingMiner } from './sharing-miner.ts';

/** Bytes of a channel's extranonce that tell apart the miners who share it. */
export const PLACE_BYTES = 2;
/** Miners that one channel has room for. */
export const MAX_PLACES = 256 ** PLACE_BYTES;

/**
 * One miner's part of a shared channel, which is a channel to the miner:
 *
 *     channel's prefix (the pool's) | place's number 2 | padding | extranonce2 (the miner's)
 *     `------ place's prefix ----------------------´
 */
export class Place implements UpstreamChannel {
  readonly isShared = true;
  readonly number: number;
  readonly miner: SharingMiner;
  readonly #channel: UpstreamChannel;
  readonly #bytes: Uint8Array;
  #channelPrefix: Uint8Array;
  #prefix: Uint8Array;
  /** The exponent of the shares that are found here. */
  k: number;

  constructor(options: { channel: UpstreamChannel; number: number; k: number; miner: SharingMiner }) {
    const { channel, number, k, miner } = options;
    this.#channel = channel;
    this.number = number;
    this.#bytes = Uint8Array.of(number >>> 8, number);
    this.#channelPrefix = channel.extranoncePrefix;
    this.#prefix = concatBytes(channel.extranoncePrefix, this.#bytes);
    this.k = k;
    this.miner = miner;
  }

  get extranoncePrefix(): Uint8Array {
    return this.#prefix;
  }

  get extranonceSize(): number {
    return this.#channel.extranonceSize - PLACE_BYTES;
  }

  get isResumable(): boolean {
    return this.#channel.isResumable;
  }

  /** The place's prefix where the channel has this one. */
  prefixUnder(channelPrefix: Uint8Array): Uint8Array {
    if (channelPrefix !== this.#channelPrefix) {
      this.#channelPrefix = channelPrefix;
      this.#prefix = concatBytes(channelPrefix, this.#bytes);
    }
    return this.#prefix;
  }

  submit(share: Share, owner: ShareOwner, answered: Answered): void {
    const { k } = this;
    const extranonce = concatBytes(this.#bytes, share.extranonce);
    this.#channel.submit({ ...share, extranonce }, owner, answered);
    // Its answer may be late by a cut, and come with many others.
    this.miner.found(k);
  }

  update(wish: ChannelWish): void {
    this.miner.wish(wish);
  }

  leave(): void {
    this.miner.left(this);
  }
}
