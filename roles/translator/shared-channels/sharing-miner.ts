import {
  type ExponentRange,
  exponentFor,
  fixedExponent,
  Vardiff,
  within,
} from '../../../domain/vardiff/vardiff.ts';
import { exponentAtMost, leBytesToTarget } from '../../../protocols/bitcoin/target.ts';
import { MAX_DIFFICULTY_BITS } from '../../../protocols/sv1/difficulty.ts';
import type { ChannelWish } from '../../../services/mining-client/channel.ts';
import type { OpenRequest } from '../../../services/mining-client/session.ts';
import type { UpstreamOwner } from '../sv1-server/upstream.ts';
import type { Place } from './place.ts';
import type { SharedChannel } from './shared-channel.ts';

/** What a miner asks of those who seat it. */
export interface Usher {
  /** Milliseconds; only differences count. */
  now(): number;
  /** The miner is to mine at another exponent. */
  seat(miner: SharingMiner): void;
  /** It is gone. */
  leave(miner: SharingMiner): void;
}

/** A miner that shares channels: its difficulty follows its shares by the pool's own rule, from channel to channel. */
export class SharingMiner {
  readonly owner: UpstreamOwner;
  /** What a channel of its own would be opened with. */
  readonly request: OpenRequest;
  readonly #usher: Usher;
  readonly #sharesPerMinute: number;
  readonly #vardiff: Vardiff;
  #range: ExponentRange;
  #nominalHashRate: number;
  #isFixed: boolean;
  /** True while its owner waits to hear that a channel is open. */
  isOpening = true;
  /** Where it mines, and where it waits for a place. */
  place: Place | undefined;
  channel: SharedChannel | undefined;
  awaited: SharedChannel | undefined;

  constructor(owner: UpstreamOwner, request: OpenRequest, sharesPerMinute: number, usher: Usher) {
    this.owner = owner;
    this.request = request;
    this.#usher = usher;
    this.#sharesPerMinute = sharesPerMinute;
    this.#range = rangeOf(request);
    this.#nominalHashRate = request.nominalHashRate;
    this.#isFixed = request.isFixed ?? false;
    this.#vardiff = new Vardiff(sharesPerMinute, this.#claimed(), usher.now());
  }

  /** The exponent that it is to mine at. */
  get k(): number {
    return within(this.#range, this.#vardiff.k);
  }

  /** The pool has it at that exponent, whatever was asked. */
  follow(k: number): void {
    if (k !== this.#vardiff.k) this.#vardiff.set(k, this.#usher.now());
  }

  /** It found a share at that exponent. */
  found(k: number): void {
    if (this.#vardiff.accepted(k)) this.evaluate();
  }

  /** Its difficulty is looked at. */
  evaluate(): void {
    // One that came back has to say anew that it can be moved.
    if (this.place === undefined || !this.owner.takesExtranonce) return;
    const moved = this.#vardiff.evaluate(this.#usher.now(), this.#range, this.#isFixed);
    if (moved !== undefined) this.#usher.seat(this);
  }

  /** What the miner says of itself, by the rules that a pool has for it. */
  wish(wish: ChannelWish): void {
    const before = exponentFor(this.#nominalHashRate, this.#sharesPerMinute, this.#range);
    this.#range = rangeOf(wish);
    this.#nominalHashRate = wish.nominalHashRate;
    this.#isFixed = wish.isFixed ?? false;
    const after = this.#claimed();
    const followed = after === before ? this.#vardiff.k : this.#vardiff.follow(after);
    const fixed = fixedExponent(this.#range, this.#vardiff.proven);
    const next = this.#isFixed ? fixed : within(this.#range, followed);
    if (next === this.#vardiff.k) return;
    this.#vardiff.set(next, this.#usher.now());
    this.#usher.seat(this);
  }

  /** It mines there no more. */
  left(place: Place): void {
    if (this.place === place) this.#usher.leave(this);
  }

  #claimed(): number {
    if (this.#isFixed) return this.#range.floor;
    return exponentFor(this.#nominalHashRate, this.#sharesPerMinute, this.#range);
  }
}

function rangeOf({ maximumTargetLe }: Pick<ChannelWish, 'maximumTargetLe'>): ExponentRange {
  const floor = exponentAtMost(leBytesToTarget(maximumTargetLe));
  return { floor, ceiling: Math.max(floor, MAX_DIFFICULTY_BITS) };
}
