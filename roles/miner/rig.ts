import { setTimeout as sleep } from 'node:timers/promises';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { isShare, scanBits, type Task, type WorkUnit, workUnit } from './work.ts';

/** Nonces a thread is given at once: a new job is taken up within some tenths of a second. */
const CHUNK = 1 << 18;
/** With a capped hash rate a thread's chunk takes this part of a second. */
const CHUNKS_PER_SECOND = 4;
const NONCES = 2 ** 32;

/** Looks through a range of nonces, on another thread. */
export type Scanner = (input: {
  header: Uint8Array;
  first: number;
  count: number;
  bits: number;
}) => Promise<number | undefined>;

export interface RigOptions {
  readonly threads: number;
  /** Hashes per second of all threads together; undefined for as many as they can. */
  readonly maxHashrate: number | undefined;
  readonly hash: Hash;
  readonly scan: Scanner;
  /** Takes a share; the thread goes on when it resolves. */
  readonly found: (unit: WorkUnit, nonce: number) => Promise<void> | void;
  /** A thread can't go on. */
  readonly failed: (error: Error) => void;
}

/** Threads that hash one task after the other. */
export class Rig {
  readonly #options: RigOptions;
  readonly #threads: Promise<void>[];
  #task: Task | undefined;
  #nextUnit = 0;
  #hashes = 0;
  #wake: () => void = () => undefined;
  #awake: Promise<void>;
  #stopped = false;

  constructor(options: RigOptions) {
    this.#options = options;
    this.#awake = this.#sleeping();
    this.#threads = Array.from({ length: options.threads }, () =>
      this.#mine().catch((cause: unknown) => options.failed(new Error('a hashing thread failed', { cause }))),
    );
  }

  /** Hashes tried since the start. */
  get hashes(): number {
    return this.#hashes;
  }

  /** @param task what to hash from now on; undefined to rest */
  work(task: Task | undefined): void {
    this.#task = task;
    this.#nextUnit = 0;
    this.#wake();
    this.#awake = this.#sleeping();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.work(undefined);
    await Promise.all(this.#threads);
  }

  async #mine(): Promise<void> {
    while (!this.#stopped) {
      const task = this.#task;
      if (task === undefined) await this.#awake;
      else await this.#mineUnit(workUnit(this.#options.hash, task, this.#nextUnit++));
    }
  }

  async #mineUnit(unit: WorkUnit): Promise<void> {
    const { hash, scan, found } = this.#options;
    const bits = scanBits(unit.task);
    const size = this.#chunk();
    for (let first = 0; first < NONCES && this.#task === unit.task; ) {
      const startedAt = performance.now();
      const count = Math.min(size, NONCES - first);
      const nonce = await scan({ header: unit.header, first, count, bits });
      const tried = nonce === undefined ? count : nonce - first + 1;
      this.#hashes += tried;
      first += tried;
      if (nonce !== undefined && this.#task === unit.task && isShare(hash, unit, nonce))
        await found(unit, nonce);
      await this.#rest(tried, startedAt);
    }
  }

  #chunk(): number {
    const { maxHashrate, threads } = this.#options;
    if (maxHashrate === undefined) return CHUNK;
    return Math.max(1, Math.min(CHUNK, Math.floor(maxHashrate / threads / CHUNKS_PER_SECOND)));
  }

  /** Waits as long as the cap on the hash rate asks for after so many hashes. */
  async #rest(tried: number, startedAt: number): Promise<void> {
    const { maxHashrate, threads } = this.#options;
    if (maxHashrate === undefined) return;
    const due = startedAt + (1000 * tried * threads) / maxHashrate;
    const left = due - performance.now();
    if (left >= 1) await sleep(left);
  }

  #sleeping(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
