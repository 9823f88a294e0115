import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectSv1, type Sv1Answer, type Sv1Client } from './sv1-client.ts';

/** Shares that are harder than asked for by more than so many bits are beyond its means: it waits for easier jobs. */
const STRONGEST = 4;
/** Longer than any cut of a test, and than the pool keeps a channel. */
const ANSWER_PATIENCE_MS = 150_000;

export interface SteadyMinerOptions {
  readonly port: number;
  readonly user: string;
  /** Difficulty bits to ask for: shares of 2^bits hashes. */
  readonly bits: number;
  readonly pauseMs: number;
  /** Whether it takes mining.set_extranonce. */
  readonly takesExtranonce: boolean;
}

/** A miner that submits at its pace, whether or not what it submitted before was answered. */
export class SteadyMiner {
  readonly client: Sv1Client;
  /** Shares answered true, by hash in display order. */
  readonly accepted: string[] = [];
  /** Words of the answers that were not, with how often they came. */
  readonly refusals = new Map<string, number>();
  readonly #options: SteadyMinerOptions;
  readonly #answers: Promise<void>[] = [];
  #stopped = false;

  private constructor(client: Sv1Client, options: SteadyMinerOptions) {
    this.client = client;
    this.#options = options;
  }

  /** Connects it, until it has its first job. */
  static async start(options: SteadyMinerOptions): Promise<SteadyMiner> {
    const client = await connectSv1(options.port);
    client.patienceMs = ANSWER_PATIENCE_MS;
    await client.request('mining.suggest_difficulty', [2 ** (options.bits - 32)]);
    await client.start(options.user);
    if (options.takesExtranonce) await client.request('mining.extranonce.subscribe');
    return new SteadyMiner(client, options);
  }

  /** So many of them, every second of which takes mining.set_extranonce, until the test ends. */
  static async crowd(
    t: Pick<TestContext, 'after'>,
    count: number,
    options: Pick<SteadyMinerOptions, 'port' | 'bits' | 'pauseMs'>,
  ): Promise<SteadyMiner[]> {
    const miners = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        SteadyMiner.start({ ...options, user: `m${i}.rig`, takesExtranonce: i % 2 === 0 }),
      ),
    );
    t.after(() => {
      for (const { client } of miners) client.close();
    });
    return miners;
  }

  /** Mines until it is stopped or hung up on; resolves when all is answered. */
  async run(): Promise<void> {
    const { user, pauseMs, bits } = this.#options;
    const hardest = 2 ** (bits + STRONGEST - 32);
    while (!this.#stopped && !this.client.closed) {
      if (this.client.difficulty > hardest) {
        await delay(pauseMs);
        continue;
      }
      const share = this.client.mineShare();
      const answer = this.client.submit(user, share);
      this.#answers.push(
        answer.then(
          (verdict) => this.#note(share.hash, verdict),
          (error: Error) => this.#count(error.message),
        ),
      );
      await delay(pauseMs);
    }
    await Promise.all(this.#answers);
  }

  /** It submits no more. */
  stop(): void {
    this.#stopped = true;
  }

  #note(hash: string, { result, error }: Sv1Answer): void {
    if (result === true) this.accepted.push(hash);
    else this.#count(String(error?.[1]));
  }

  #count(words: string): void {
    this.refusals.set(words, (this.refusals.get(words) ?? 0) + 1);
  }
}
