import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { connectSv1, type Sv1Client } from './sv1-client.ts';

/** Shares of 2^10 hashes, always: harder ones would keep the test's own process from anything else while it looks for them. */
const SHARE_BITS = 10;
const PASSWORD = `fd=${2 ** (SHARE_BITS - 32)}`;
const PAUSE_MS = 10;

/** A miner that comes back whenever it is cut off, and counts what it was answered. */
export class StubbornMiner {
  answeredTrue = 0;
  readonly #port: number;
  readonly #user: string;
  #stopped = false;

  constructor(port: number, user: string) {
    this.#port = port;
    this.#user = user;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const client = await this.#connect();
      if (!client) continue;
      await this.#mine(client).catch((error: Error) => assert.match(error.message, /waited|closed|refused/));
      client.close();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #connect(): Promise<Sv1Client | undefined> {
    try {
      return await connectSv1(this.#port);
    } catch {
      // The translator is down just now; that is what this test is about.
      await delay(100);
      return undefined;
    }
  }

  async #mine(client: Sv1Client): Promise<void> {
    await client.start(this.#user, PASSWORD);
    while (!this.#stopped && !client.closed) {
      const { result } = await client.submit(this.#user, client.mineShare());
      if (result === true) this.answeredTrue++;
      await delay(PAUSE_MS);
    }
  }
}
