import {
  exponentAtMost,
  leBytesToTarget,
  powerTarget,
  targetToLeBytes,
} from '../../../protocols/bitcoin/target.ts';
import type { HashpoolError } from '../../../protocols/errors.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';
import type { ChannelOwner, ChannelWish } from '../../../services/mining-client/channel.ts';
import { Slices } from '../../../services/mining-client/slices.ts';
import type { UpstreamChannel } from '../sv1-server/upstream.ts';
import { MAX_PLACES, Place } from './place.ts';
import type { SharingMiner } from './sharing-miner.ts';

/** The pool is told of fewer miners when only this part of them is left; of more at once, in powers of two. */
const FEWER = 1 / 4;

/** What happens to a channel, as whoever opened it hears of it. */
export interface ChannelEvents {
  /** The pool has it at another exponent. @param isFirst true where it never was at the one that was asked for */
  changed(channel: SharedChannel, before: number, isFirst: boolean): void;
  refused(channel: SharedChannel, error: HashpoolError): void;
  closed(channel: SharedChannel, reason: string): void;
}

/** One channel at the pool for all miners of an exponent. */
export class SharedChannel implements ChannelOwner<UpstreamChannel> {
  k: number;
  readonly #events: ChannelEvents;
  readonly #sharesPerMinute: number;
  readonly #places = new Map<number, Place>();
  /** Miners that wait for it to be open. */
  readonly #waiting = new Set<SharingMiner>();
  readonly #telling = new Slices<Place>();
  #channel: UpstreamChannel | undefined;
  #job: ActiveJob | undefined;
  /** The channel's prefix of the extranonce when the job came. */
  #prefix: Uint8Array = new Uint8Array(0);
  #next = 0;
  #toldMiners = 1;
  /** Since when nobody is here, in milliseconds; undefined where somebody is. */
  emptySince: number | undefined;

  constructor(k: number, sharesPerMinute: number, events: ChannelEvents) {
    this.k = k;
    this.#sharesPerMinute = sharesPerMinute;
    this.#events = events;
  }

  get size(): number {
    return this.#places.size + this.#waiting.size;
  }

  get isFull(): boolean {
    return this.size >= MAX_PLACES;
  }

  get miners(): SharingMiner[] {
    return [...this.#waiting, ...[...this.#places.values()].map(({ miner }) => miner)];
  }

  /** What the pool is told of it: its target is to stay, however many shares its miners find together. */
  get wish(): ChannelWish {
    return {
      nominalHashRate: (this.#toldMiners * 2 ** this.k * this.#sharesPerMinute) / 60,
      maximumTargetLe: targetToLeBytes(powerTarget(this.k)),
      isFixed: true,
      miners: this.#toldMiners,
    };
  }

  /** Gives the miner a place, now or when the channel is open. One that it has elsewhere is given up then. */
  join(miner: SharingMiner): void {
    this.emptySince = undefined;
    miner.awaited?.forget(miner);
    if (this.#channel === undefined) {
      this.#waiting.add(miner);
      miner.awaited = this;
    } else this.#give(miner, this.#channel);
    this.#tellGrowth();
  }

  /** The miner is here no more, or does not wait any longer. */
  forget(miner: SharingMiner): void {
    if (this.#waiting.delete(miner)) miner.awaited = undefined;
    if (miner.channel === this && miner.place !== undefined) this.#places.delete(miner.place.number);
  }

  /** To be called about once a second. @param now milliseconds */
  tick(now: number): void {
    if (this.size === 0) this.emptySince ??= now;
    if (this.size < this.#toldMiners * FEWER) this.#tellMiners();
  }

  /** Nobody mines on it any more. */
  leave(): void {
    this.#telling.stop();
    this.#channel?.leave('no-miners');
  }

  opened(channel: UpstreamChannel): void {
    this.#channel = channel;
    this.#job = undefined;
    // Another channel than the one before a cut: what its miners were told counts no more.
    const miners = this.miners;
    this.#waiting.clear();
    this.#places.clear();
    for (const miner of miners) {
      if (miner.channel === this) miner.place = undefined;
      this.#give(miner, channel);
    }
    this.#tellGrowth();
  }

  job(job: ActiveJob, extranoncePrefix: Uint8Array): void {
    const k = exponentAtMost(leBytesToTarget(job.targetLe));
    const before = this.k;
    const isFirst = this.#job === undefined;
    this.#job = job;
    this.#prefix = extranoncePrefix;
    this.k = k;
    if (k !== before) this.#events.changed(this, before, isFirst);
    this.#telling.begin([...this.#places.values()], (place) => this.#tell(place, job, extranoncePrefix));
  }

  refused(error: HashpoolError): void {
    this.#events.refused(this, error);
  }

  closed(reason: string): void {
    this.#telling.stop();
    this.#channel = undefined;
    this.#events.closed(this, reason);
  }

  #tell(place: Place, job: ActiveJob, channelPrefix: Uint8Array): void {
    const { miner } = place;
    if (miner.place !== place) return;
    place.k = this.k;
    miner.follow(this.k);
    miner.owner.job(job, place.prefixUnder(channelPrefix));
  }

  #give(miner: SharingMiner, channel: UpstreamChannel): void {
    const former = miner.place === undefined ? undefined : miner.channel;
    const isOpening = former === undefined || miner.isOpening;
    const place = new Place({ channel, number: this.#number(), k: this.k, miner });
    former?.forget(miner);
    this.#places.set(place.number, place);
    miner.awaited = undefined;
    miner.isOpening = false;
    miner.place = place;
    miner.channel = this;
    if (isOpening) miner.owner.opened(place);
    else miner.owner.moved(place);
    // It may have left at once.
    if (this.#job !== undefined && miner.place === place) this.#tell(place, this.#job, this.#prefix);
  }

  /** Round and round, so that one that was left is not mined by another miner soon. */
  #number(): number {
    do this.#next = (this.#next + 1) % MAX_PLACES;
    while (this.#places.has(this.#next));
    return this.#next;
  }

  #tellGrowth(): void {
    if (this.size > this.#toldMiners) this.#tellMiners();
  }

  #tellMiners(): void {
    this.#toldMiners = 2 ** Math.ceil(Math.log2(Math.max(1, this.size)));
    this.#channel?.update(this.wish);
  }
}
