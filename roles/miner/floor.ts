import { setTimeout as sleep } from 'node:timers/promises';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { type NonceRange, Place, type PlaceOptions } from './place.ts';
import { scanBits, shareHash } from './work.ts';

/** Nonces a thread is given at once: a new job is taken up within some hundredths of a second. */
const MAX_CHUNK = 1 << 16;
const MIN_CHUNK = 64;
/** A thread's chunk takes this part of a second at most. */
const CHUNKS_PER_SECOND = 50;
/** What a thread that was kept from hashing makes up for. */
const CATCH_UP_MS = 1000;

/** Looks through a range of nonces, on another thread. */
export type Scanner = (input: {
  header: Uint8Array;
  first: number;
  count: number;
  bits: number;
}) => Promise<number | undefined>;

export interface FloorOptions {
  readonly threads: number;
  /** Hashes per second of all threads together at most. */
  readonly maxHashrate: number;
  readonly hash: Hash;
  readonly scan: Scanner;
  /** A thread can't go on. */
  readonly failed: (error: Error) => void;
}

/** Threads that hash for many machines in turn, for each in proportion to its weight. */
export class Floor {
  readonly #options: FloorOptions;
  readonly #places: Place[] = [];
  readonly #threads: Promise<void>[];
  readonly #chunk: number;
  #turn = 0;
  #hashes = 0;
  #wake: () => void = () => undefined;
  #awake: Promise<void>;
  #stopped = false;

  constructor(options: FloorOptions) {
    this.#options = options;
    const { maxHashrate, threads } = options;
    const paced = Math.floor(maxHashrate / threads / CHUNKS_PER_SECOND);
    this.#chunk = Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, paced));
    this.#awake = this.#sleeping();
    this.#threads = Array.from({ length: threads }, () =>
      this.#hash().catch((cause: unknown) => options.failed(new Error('a hashing thread failed', { cause }))),
    );
  }

  /** Hashes tried since the start, for all. */
  get hashes(): number {
    return this.#hashes;
  }

  /** A place for one machine more. @param options.weight 1 on average over all machines */
  place(options: Omit<PlaceOptions, 'hash' | 'wake'>): Place {
    const place = new Place({ ...options, hash: this.#options.hash, wake: () => this.wake() });
    this.#places.push(place);
    return place;
  }

  /** A place that was not ready may be so now. */
  wake(): void {
    this.#wake();
    this.#awake = this.#sleeping();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    for (const place of this.#places) place.work(undefined);
    this.wake();
    await Promise.all(this.#threads);
  }

  async #hash(): Promise<void> {
    const { maxHashrate, threads } = this.#options;
    const msPerHash = (1000 * threads) / maxHashrate;
    let due = performance.now();
    while (!this.#stopped) {
      const place = this.#next();
      const range = place?.reserve(Math.min(this.#chunk, Math.max(1, Math.floor(place.credit))));
      if (place === undefined || range === undefined) {
        await this.#awake;
        continue;
      }
      place.credit -= range.count;
      await this.#scan(place, range);
      due = Math.max(due, performance.now() - CATCH_UP_MS) + range.count * msPerHash;
      const left = due - performance.now();
      if (left >= 1) await sleep(left);
    }
  }

  /** The place whose turn it is. Each gets a chunk by its weight, and may go on while it has some of it left. */
  #next(): Place | undefined {
    const places = this.#places;
    for (let looked = 0; looked <= places.length; looked++) {
      const place = places[this.#turn];
      if (place?.isReady && place.credit >= 1) return place;
      if (place !== undefined && !place.isReady) place.credit = 0;
      this.#turn = (this.#turn + 1) % Math.max(1, places.length);
      const next = places[this.#turn];
      if (next?.isReady) next.credit += Math.max(1, this.#chunk * next.options.weight);
    }
    return undefined;
  }

  /** Looks through all of a range, however many shares are in it. */
  async #scan(place: Place, { unit, first, count }: NonceRange): Promise<void> {
    const { hash, scan } = this.#options;
    const bits = scanBits(unit.task);
    const end = first + count;
    for (let from = first; from < end; ) {
      const nonce = await scan({ header: unit.header, first: from, count: end - from, bits });
      const tried = (nonce === undefined ? end : nonce + 1) - from;
      from += tried;
      place.hashes += tried;
      this.#hashes += tried;
      const hashLe = nonce === undefined ? undefined : shareHash(hash, unit, nonce);
      if (nonce !== undefined && hashLe !== undefined) place.options.found(unit, nonce, hashLe);
    }
  }

  #sleeping(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
