import type { HashpoolError } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ChannelOwner } from '../../../services/mining-client/channel.ts';
import type { OpenRequest } from '../../../services/mining-client/session.ts';
import type { Upstream, UpstreamChannel, UpstreamOwner } from '../sv1-server/upstream.ts';
import { PLACE_BYTES } from './place.ts';
import { type ChannelEvents, SharedChannel } from './shared-channel.ts';
import { SharingMiner, type Usher } from './sharing-miner.ts';

/** How often each miner's difficulty is looked at, as at the pool. */
const EVALUATE_MS = 2000;
const TICK_MS = 1000;
/** A channel that nobody is in any more is kept for the shares that were found before. */
export const EMPTY_MS = 30_000;

/** The pool below: it opens real channels. */
export interface ChannelSource {
  readonly isUp: boolean;
  readonly speaksEhash: boolean;
  open(request: OpenRequest, owner: ChannelOwner<UpstreamChannel>): void;
}

export interface SharedChannelsOptions {
  readonly source: ChannelSource;
  /** The name that the pool knows this translator's channels by. */
  readonly userIdentity: string;
  readonly sharesPerMinute: number;
  readonly resumeToken: () => Uint8Array;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * One channel at the pool for each power of two that miners mine at. Only a miner that can be told a new extranonce can
 * be moved from one to another; a miner that can't has a channel of its own, and so has everyone at a pool of another
 * make, which would not leave a channel's target alone.
 */
export class SharedChannels implements Upstream, Usher, ChannelEvents {
  readonly #options: SharedChannelsOptions;
  /** By exponent, those at the pool that is mined for. */
  #channels = new Map<number, SharedChannel>();
  /** All that are open, those at a pool that was moved away from too. */
  readonly #all = new Set<SharedChannel>();
  readonly #miners = new Set<SharingMiner>();
  /** Those too that have no channel just now. */
  readonly #known = new WeakMap<UpstreamOwner, SharingMiner>();
  /** The smallest exponent that the pool has. */
  #least = 0;
  #isRefused = false;
  #lookedAt = 0;
  readonly #ticking: NodeJS.Timeout;

  constructor(options: SharedChannelsOptions) {
    this.#options = options;
    this.#ticking = setInterval(() => this.tick(), TICK_MS);
  }

  get isUp(): boolean {
    return this.#options.source.isUp;
  }

  get speaksEhash(): boolean {
    return this.#options.source.speaksEhash;
  }

  get isShared(): boolean {
    return this.speaksEhash && !this.#isRefused;
  }

  /** Channels at the pool that is mined for. */
  get size(): number {
    return this.#channels.size;
  }

  open(request: OpenRequest, owner: UpstreamOwner): void {
    if (!owner.takesExtranonce || !this.isShared) {
      this.#options.source.open(request, owner);
      return;
    }
    const { sharesPerMinute } = this.#options;
    const miner = this.#known.get(owner) ?? new SharingMiner(owner, request, sharesPerMinute, this);
    this.#known.set(owner, miner);
    this.#miners.add(miner);
    miner.isOpening = true;
    this.seat(miner);
  }

  /** The pool is another one: what is open at the one before serves until its miners have left it. */
  moved(): void {
    this.#channels = new Map();
    this.#least = 0;
    this.#isRefused = false;
  }

  close(): void {
    clearInterval(this.#ticking);
  }

  now(): number {
    return this.#options.now();
  }

  seat(miner: SharingMiner): void {
    const k = Math.max(miner.k, this.#least);
    const open = this.#channels.get(k);
    if (open?.isFull) this.#openOwn(miner);
    else if (open === undefined) this.#openFor(miner, k);
    else if (miner.channel !== open || miner.isOpening) open.join(miner);
    else miner.follow(open.k);
  }

  leave(miner: SharingMiner): void {
    miner.awaited?.forget(miner);
    miner.channel?.forget(miner);
    miner.place = undefined;
    miner.channel = undefined;
    this.#miners.delete(miner);
  }

  changed(channel: SharedChannel, before: number, isFirst: boolean): void {
    if (isFirst && channel.k > before) this.#least = Math.max(this.#least, channel.k);
    if (this.#channels.get(before) !== channel) return;
    this.#channels.delete(before);
    if (!this.#channels.has(channel.k)) this.#channels.set(channel.k, channel);
  }

  refused(channel: SharedChannel, error: HashpoolError): void {
    this.#forget(channel);
    // Only for want of work is it worth asking for the same again.
    if (error.code !== 'pool-not-ready' && this.isUp) {
      this.#options.log.warn(`miners get channels of their own: ${error.message}`);
      this.#isRefused = true;
    }
    for (const miner of channel.miners) {
      channel.forget(miner);
      if (!miner.isOpening) continue;
      if (this.#isRefused) this.#openOwn(miner);
      else {
        this.leave(miner);
        miner.owner.refused(error);
      }
    }
  }

  closed(channel: SharedChannel, reason: string): void {
    this.#forget(channel);
    for (const miner of channel.miners) {
      channel.forget(miner);
      miner.place = undefined;
      miner.isOpening = true;
      if (this.isUp) this.seat(miner);
      else {
        this.leave(miner);
        miner.owner.closed(reason);
      }
    }
  }

  /** To be called about once a second. */
  tick(): void {
    const now = this.now();
    for (const channel of [...this.#all]) {
      channel.tick(now);
      if (channel.emptySince === undefined || now - channel.emptySince < EMPTY_MS) continue;
      this.#forget(channel);
      channel.leave();
    }
    if (now - this.#lookedAt < EVALUATE_MS) return;
    this.#lookedAt = now;
    for (const miner of [...this.#miners]) miner.evaluate();
  }

  /** Opens a channel of that exponent, with the miner as the first who waits for it. */
  #openFor(miner: SharingMiner, k: number): void {
    const { source, sharesPerMinute, userIdentity, resumeToken } = this.#options;
    const channel = new SharedChannel(k, sharesPerMinute, this);
    this.#channels.set(k, channel);
    this.#all.add(channel);
    channel.join(miner);
    const request = {
      // A name for each exponent, since pools remember difficulty by it.
      userIdentity: `${userIdentity}.k${k}`,
      ...channel.wish,
      minExtranonceSize: miner.request.minExtranonceSize + PLACE_BYTES,
      lockingKey: undefined,
      resumeToken: resumeToken(),
    };
    source.open(request, channel);
  }

  #openOwn(miner: SharingMiner): void {
    this.leave(miner);
    this.#options.source.open(miner.request, miner.owner);
  }

  #forget(channel: SharedChannel): void {
    this.#all.delete(channel);
    if (this.#channels.get(channel.k) === channel) this.#channels.delete(channel.k);
  }
}
