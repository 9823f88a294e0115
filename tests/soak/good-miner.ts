import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import { messageOf } from '../../protocols/errors.ts';
import { REQUIRES_STANDARD_JOBS } from '../../protocols/sv2/mining.ts';
import type { PoolProcess } from '../harness/pool.ts';
import type { RawChannel, RawMiner } from '../harness/raw-miner.ts';

const FIRST_MS = 5_000;
const LONGEST_MS = 60_000;
const SHARE_MS = 1_000;
const LOSS_CHARACTERS = 200;

/** What a miner asks for on its connection. */
interface Kind {
  readonly flags: number;
  readonly channels: readonly ('extended' | 'standard')[];
}

/** A proxy with one channel, a device that rolls headers alone, one that takes group jobs, a proxy with several. */
export const KINDS: readonly [Kind, ...Kind[]] = [
  { flags: 0, channels: ['extended'] },
  { flags: REQUIRES_STANDARD_JOBS, channels: ['standard'] },
  { flags: 0, channels: ['standard'] },
  { flags: 0, channels: ['extended', 'standard', 'extended'] },
];

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
  readonly #kind: Kind;
  readonly #user: string;
  #channels: readonly RawChannel[] = [];
  #stopped = false;

  constructor(pool: PoolProcess, harvest: Harvest, kind: Kind, user: string) {
    this.#pool = pool;
    this.#harvest = harvest;
    this.#kind = kind;
    this.#user = user;
  }

  /** The prev hashes that its channels work on, header order; none while it connects. */
  get prevHashes(): Uint8Array[] {
    return this.#channels.map(({ prevHash }) => prevHash.prev_hash);
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#session();
      } catch (error) {
        this.#harvest.losses.push(messageOf(error).slice(0, LOSS_CHARACTERS));
        await delay(SHARE_MS);
      }
    }
  }

  async #session(): Promise<void> {
    const until = performance.now() + FIRST_MS + Math.random() * LONGEST_MS;
    const miner = await this.#pool.connect({ flags: this.#kind.flags });
    try {
      this.#harvest.sessions++;
      const channels = await this.#open(miner);
      this.#channels = channels;
      while (!this.#stopped && performance.now() < until) {
        for (const channel of channels) await this.#mine(channel);
        await delay(Math.random() * 2 * SHARE_MS);
      }
    } finally {
      this.#channels = [];
      miner.connection.close();
    }
  }

  async #open(miner: RawMiner): Promise<RawChannel[]> {
    const wish = { user_identity: this.#user };
    const channels: RawChannel[] = [];
    for (const kind of this.#kind.channels) {
      channels.push(await (kind === 'extended' ? miner.open(wish) : miner.openStandard(wish)));
    }
    return channels;
  }

  async #mine(channel: RawChannel): Promise<void> {
    const share = channel.mine();
    const hash = toHex(channel.hashOf(share));
    const answer = await channel.submit(share);
    if (answer === 'accepted') this.#harvest.accepted.add(hash);
    else this.#harvest.rejected.set(answer, (this.#harvest.rejected.get(answer) ?? 0) + 1);
  }
}
