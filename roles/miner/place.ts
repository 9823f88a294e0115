import type { Hash } from '../../protocols/crypto/hash.ts';
import { type Layout, type Task, type WorkUnit, workUnit } from './work.ts';

const NONCES = 2 ** 32;

/** Nonces of one header that a thread looks through. */
export interface NonceRange {
  readonly unit: WorkUnit;
  readonly first: number;
  readonly count: number;
}

export interface PlaceOptions {
  /** Its part of all hashes, next to those of the other places. */
  readonly weight: number;
  readonly layout: Layout;
  readonly hash: Hash;
  /** False while it can take no more shares. */
  readonly hasRoom: () => boolean;
  /** Takes a share. @param hashLe 32 bytes as sha256d puts them out */
  readonly found: (unit: WorkUnit, nonce: number, hashLe: Uint8Array) => void;
  /** A task has come: the threads are to look. */
  readonly wake: () => void;
}

/** A machine's place on the hashing floor: the task that it has, and how far it has come with it. */
export class Place {
  /** Hashes that it may make before it is another one's turn. */
  credit = 0;
  /** Hashes tried since the start. */
  hashes = 0;
  readonly options: PlaceOptions;
  #task: Task | undefined;
  #unit: WorkUnit | undefined;
  #nextUnit = 0;
  #nextNonce = 0;

  constructor(options: PlaceOptions) {
    this.options = options;
  }

  get task(): Task | undefined {
    return this.#task;
  }

  get isReady(): boolean {
    return this.#unit !== undefined && this.options.hasRoom();
  }

  /** @param task what to hash from now on; undefined to rest */
  work(task: Task | undefined): void {
    this.#task = task;
    this.#nextUnit = 0;
    this.#openUnit();
    if (this.#unit !== undefined) this.options.wake();
  }

  /** Nonces that nobody else gets; undefined where there is nothing to do. @param count at most */
  reserve(count: number): NonceRange | undefined {
    const unit = this.#unit;
    if (unit === undefined) return undefined;
    const first = this.#nextNonce;
    const range = { unit, first, count: Math.min(count, NONCES - first) };
    this.#nextNonce += range.count;
    if (this.#nextNonce >= NONCES) this.#openUnit();
    return range;
  }

  #openUnit(): void {
    const { hash, layout } = this.options;
    this.#unit = this.#task && workUnit(hash, layout, this.#task, this.#nextUnit++);
    this.#nextNonce = this.#unit?.firstNonce ?? 0;
  }
}
