import { setTimeout as sleep } from 'node:timers/promises';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { powerDifficulty } from '../../protocols/sv1/difficulty.ts';
import { hexU32, parseVersionMask } from '../../protocols/sv1/fields.ts';
import { isRecord } from '../../protocols/sv1/line.ts';
import {
  type Extranonce,
  parseExtranonce,
  parseNotify,
  parseSetDifficulty,
  parseSubscribeResult,
} from '../../protocols/sv1/server-messages.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { MinerConfig } from './config.ts';
import { type Answer, connectToPool, type PoolConnection } from './pool-connection.ts';
import { submitParams, type Task, taskOf, type WorkUnit } from './work.ts';

/** Waits between tries, in milliseconds: each twice the one before. */
const WAITS = { first: 500, longest: 8_000 };
/** A connection that lasted so long was a good one: after it the waits begin anew. */
const STEADY_MS = 10_000;
/** Shares that may wait for the pool's answer; then the threads wait too. */
const MAX_UNANSWERED = 32;
const VERSION_MASK = 0x1fffe000;

export interface MiningOptions {
  readonly config: MinerConfig;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly waits?: { readonly first: number; readonly longest: number };
  /** Takes each new task; undefined while there is none. */
  work(task: Task | undefined): void;
  status(text: string): void;
}

/** A miner's dealings with its pool: connects again and again, keeps the task up to date, submits shares. */
export class Mining {
  readonly shares = { accepted: 0, rejected: 0 };
  readonly #options: MiningOptions;
  #connection: PoolConnection | undefined;
  #extranonce: Extranonce | undefined;
  #difficulty = 1;
  #versionMask = 0;
  #unanswered = 0;

  constructor(options: MiningOptions) {
    this.#options = options;
  }

  /** Resolves when the signal is aborted. */
  async run(): Promise<void> {
    const { signal, log, status, work, waits = WAITS } = this.#options;
    let wait = waits.first;
    let said = '';
    while (!signal.aborted) {
      const since = performance.now();
      const reason = await this.#mine().catch(messageOf);
      work(undefined);
      if (signal.aborted) return;
      if (reason !== said) log.warn(`not mining: ${reason}; trying again`);
      said = reason;
      status(`not mining: ${reason}`);
      if (performance.now() - since > STEADY_MS) wait = waits.first;
      // An abort ends the wait, and the loop looks at the signal itself.
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      wait = Math.min(2 * wait, waits.longest);
    }
  }

  /** Submits a share; resolves when the next one may be looked for. */
  async submit(unit: WorkUnit, nonce: number): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    const answer = connection.request('mining.submit', submitParams(this.#options.config.user, unit, nonce));
    this.#unanswered++;
    const counted = answer.then((said) => this.#count(said));
    if (this.#unanswered >= MAX_UNANSWERED) await counted;
  }

  /** One connection, from its beginning to its end. @returns why it ended */
  async #mine(): Promise<string> {
    const { config, signal, status } = this.#options;
    const colon = config.address.lastIndexOf(':');
    const host = config.address.slice(0, colon).replace(/^\[|\]$/g, '');
    const connection = await connectToPool(host, Number(config.address.slice(colon + 1)), (method, params) =>
      this.#follow(method, params),
    );
    const stop = () => connection.close('stopped');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await this.#greet(connection);
      this.#connection = connection;
      status(`mining at ${config.address}`);
      return await connection.closed;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#connection = undefined;
      connection.close('left');
    }
  }

  async #greet(connection: PoolConnection): Promise<void> {
    const { config } = this.#options;
    this.#extranonce = undefined;
    this.#difficulty = 1;
    this.#versionMask = config.version_rolling ? await this.#negotiateMask(connection) : 0;
    const subscribed = granted(
      await connection.request('mining.subscribe', ['hashpool-miner/1']),
      'mining.subscribe',
    );
    this.#extranonce = parseSubscribeResult(subscribed);
    await connection.request('mining.extranonce.subscribe', []);
    const bits = config.suggest_difficulty_bits;
    if (bits !== undefined)
      await connection.request('mining.suggest_difficulty', [Number(powerDifficulty(bits))]);
    granted(await connection.request('mining.authorize', [config.user, config.password]), 'mining.authorize');
  }

  async #negotiateMask(connection: PoolConnection): Promise<number> {
    const options = { 'version-rolling.mask': hexU32(VERSION_MASK), 'version-rolling.min-bit-count': 2 };
    const answer = await connection.request('mining.configure', [['version-rolling'], options]);
    const result = answer.ok && isRecord(answer.result) ? answer.result : {};
    return result['version-rolling'] === true ? (parseVersionMask(result['version-rolling.mask']) ?? 0) : 0;
  }

  #follow(method: string, params: unknown): void {
    switch (method) {
      case 'mining.notify':
        if (this.#extranonce === undefined) return;
        this.#options.work(
          taskOf(parseNotify(params), this.#extranonce, this.#difficulty, this.#versionMask),
        );
        break;
      case 'mining.set_difficulty':
        this.#difficulty = parseSetDifficulty(params);
        break;
      case 'mining.set_extranonce':
        this.#extranonce = parseExtranonce(params);
        break;
      case 'mining.set_version_mask':
        this.#versionMask = Array.isArray(params) ? (parseVersionMask(params[0]) ?? 0) : 0;
        break;
      case 'client.show_message':
        this.#options.log.info({ message: Array.isArray(params) ? params[0] : params }, 'the pool says');
        break;
      default:
        this.#options.log.debug({ method }, 'notification ignored');
    }
  }

  #count(answer: Answer): void {
    this.#unanswered--;
    if (answer.ok) {
      this.shares.accepted++;
      return;
    }
    this.shares.rejected++;
    this.#options.log.info(`share refused: ${answer.words}`);
  }
}

function granted(answer: Answer, method: string): unknown {
  if (answer.ok) return answer.result;
  throw new HashpoolError('sv1-refused', `${method} was refused: ${answer.words}`);
}
