import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { PoolProcess } from '../harness/pool.ts';
import type { RawChannel, RawMiner } from '../harness/raw-miner.ts';

const FIRST_MS = 5_000;
const LONGEST_MS = 60_000;
const SHARE_MS = 1_000;

/** What a run of good miners came to. */
export interface Harvest {
  /** Hashes, as header order has them in hex, of all shares that were answered true. */
  readonly accepted: Set<string>;
  /** How often each error was the answer. */
  readonly rejected: Map<string, number>;
  /** What went wrong that a good miner must never see. */
  readonly losses: string[];
  sessions: number;
}

/** A miner that keeps to the rules: mines, waits for each answer, and now and then connects anew. */
export class GoodMiner {
  readonly #pool: PoolProcess;
  readonly #harvest: Harvest;
  readonly #user: string;
  #channel: RawChannel | undefined;
  #stopped = false;

  constructor(pool: PoolProcess, harvest: Harvest, user: string) {
    this.#pool = pool;
    this.#harvest = harvest;
    this.#user = user;
  }

  /** The prev hash that it works on, header order; undefined while it connects. */
  get prevHash(): Uint8Array | undefined {
    return this.#channel?.prevHash.prev_hash;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#session();
      } catch (error) {
        this.#harvest.losses.push(messageOf(error).slice(0, 200));
        await delay(SHARE_MS);
      }
    }
  }

  async #session(): Promise<void> {
    const until = performance.now() + FIRST_MS + Math.random() * LONGEST_MS;
    const miner = await this.#pool.connect();
    try {
      this.#harvest.sessions++;
      this.#channel = await this.#open(miner);
      while (!this.#stopped && performance.now() < until) {
        await this.#mine(this.#channel);
        await delay(Math.random() * 2 * SHARE_MS);
      }
    } finally {
      this.#channel = undefined;
      miner.connection.close();
    }
  }

  #open(miner: RawMiner): Promise<RawChannel> {
    return miner.open({ user_identity: this.#user });
  }

  async #mine(channel: RawChannel): Promise<void> {
    const share = channel.mine();
    const hash = toHex(channel.hashOf(share));
    const answer = await channel.submit(share);
    if (answer === 'accepted') this.#harvest.accepted.add(hash);
    else this.#harvest.rejected.set(answer, (this.#harvest.rejected.get(answer) ?? 0) + 1);
  }
}
