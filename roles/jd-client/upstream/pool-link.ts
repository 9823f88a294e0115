import { RESUME_LIMIT_MS } from '../../../protocols/ehash/extension.ts';
import { type HashpoolError, messageOf } from '../../../protocols/errors.ts';
import {
  type MiningMessage,
  REQUIRES_VERSION_ROLLING,
  REQUIRES_WORK_SELECTION,
} from '../../../protocols/sv2/mining.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Sv2Connection } from '../../../runtime/sv2/connection.ts';
import type { HandshakeWorkers } from '../../../runtime/sv2/handshake-workers.ts';
import { reconnecting } from '../../../runtime/sv2/reconnect.ts';
import type {
  ChannelOwner,
  CustomJobAnswer,
  MiningChannel,
} from '../../../services/mining-client/channel.ts';
import type { MiningUpstream } from '../../../services/mining-client/client.ts';
import { connectPool } from '../../../services/mining-client/connect-pool.ts';
import { ANSWER_LIMIT_MS, MiningSession, type OpenRequest } from '../../../services/mining-client/session.ts';

/** A pool that opens no channel is asked again after so long. */
const RETRY_MS = 1000;
/** What is told of the channel; `lost` and `opened` void all that was mined on the one before. */
export interface PoolLinkEvents {
  opened(channel: MiningChannel): void;
  /** The link was cut and is back, the channel as it was. */
  resumed(): void;
  /** The link is cut; the channel may come back. */
  cut(reason: string): void;
  lost(reason: string): void;
  customJob(answer: CustomJobAnswer): void;
  target(): void;
  trouble(words: string): void;
}

export interface PoolLinkOptions {
  readonly pool: MiningUpstream;
  /** What the channel is opened with, at that moment. */
  request(): OpenRequest;
  readonly deviceId: string;
  /** Milliseconds of silence after which the pool counts as gone. */
  readonly silenceLimitMs: number;
  readonly workers: HandshakeWorkers;
  readonly log: Logger;
  readonly events: PoolLinkEvents;
}

/** The link to a pool with one channel, on which jobs of our own are mined. */
export class PoolLink implements ChannelOwner {
  readonly #options: PoolLinkOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #session: MiningSession | undefined;
  #cut: MiningChannel | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: PoolLinkOptions) {
    this.#options = options;
    const { pool, deviceId, workers, log } = options;
    const setup = {
      flags: REQUIRES_WORK_SELECTION | REQUIRES_VERSION_ROLLING,
      deviceId,
      workers,
      log,
    };
    this.#running = reconnecting({
      name: `pool ${pool.host}:${pool.port}`,
      async connect(signal) {
        try {
          return await connectPool(pool, setup, signal);
        } catch (error) {
          options.events.trouble(messageOf(error));
          throw error;
        }
      },
      onConnected: (connection) => this.#serve(connection),
      log,
      signal: this.#stopping.signal,
    });
  }

  /** Hangs up for good. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#stopping.abort();
    await this.#running;
    this.#cut?.lost('the client stops');
    clearTimeout(this.#retry);
  }

  opened(channel: MiningChannel): void {
    this.#options.events.opened(channel);
  }

  resumed(): void {
    this.#cut = undefined;
    this.#options.events.resumed();
  }

  refused(error: HashpoolError): void {
    this.#options.events.trouble(error.message);
    this.#openLater();
  }

  closed(reason: string): void {
    this.#cut = undefined;
    this.#options.events.lost(reason);
    this.#openLater();
  }

  customJob(answer: CustomJobAnswer): void {
    this.#options.events.customJob(answer);
  }

  target(): void {
    this.#options.events.target();
  }

  job(): void {
    // A pool sends no jobs to who makes its own.
  }

  async #serve(connection: Sv2Connection<MiningMessage>): Promise<void> {
    const { log, events, silenceLimitMs } = this.#options;
    clearTimeout(this.#retry);
    const session = new MiningSession(connection, {
      resumeLimitMs: RESUME_LIMIT_MS,
      answerLimitMs: ANSWER_LIMIT_MS,
      silenceLimitMs,
      log,
    });
    this.#session = session;
    events.trouble('it has opened no channel yet');
    if (this.#cut?.isCut) session.resume(this.#cut);
    else session.open(this.#options.request(), this);
    const reason = await session.over;
    this.#session = undefined;
    const [cut] = session.end(reason);
    this.#cut = cut ?? this.#cut;
    events.cut(reason);
  }

  #openLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#session?.open(this.#options.request(), this), RETRY_MS);
  }
}
