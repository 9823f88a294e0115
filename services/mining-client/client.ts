import { EHASH_EXTENSION, RESUME_LIMIT_MS, WORKER_NAME_EXTENSION } from '../../protocols/ehash/extension.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import type { Logger } from '../../runtime/logs.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { negotiateExtensions } from '../../runtime/sv2/extensions.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { type Backoff, reconnecting } from '../../runtime/sv2/reconnect.ts';
import type { ChannelOwner, MiningChannel } from './channel.ts';
import { ANSWER_LIMIT_MS, MiningSession, type OpenRequest, openRefused } from './session.ts';

/** Longest message taken from a pool: a job with its coinbase and merkle path is far below. */
const FRAME_CAP = 256 * 1024;

/** A pool, or a job declarator client that speaks like one. */
export interface MiningUpstream {
  readonly host: string;
  readonly port: number;
  /** 32 bytes, x-only. */
  readonly authorityKey: Uint8Array | undefined;
  /** False for a pool of another make: whatever is mined there is paid by its own rules, in no ehash. */
  readonly paysEhash: boolean;
}

export interface MiningClientOptions {
  /** Tried in turn, from the first again whenever a link that worked is lost. */
  readonly upstreams: readonly [MiningUpstream, ...MiningUpstream[]];
  /** SetupConnection.flags, from protocols/sv2/mining.ts. */
  readonly flags: number;
  readonly deviceId: string;
  readonly workers: HandshakeWorkers;
  readonly log: Logger;
  readonly backoff?: Partial<Backoff>;
  /** Milliseconds for which the channels of a cut link wait to be resumed; as long as the pool keeps them by default. */
  readonly resumeLimitMs?: number;
  /** Milliseconds for which shares may wait without an answer before the link is given up; ANSWER_LIMIT_MS by default. */
  readonly answerLimitMs?: number;
}

/** Who is told how the link is. */
export interface MiningClientEvents {
  /** A link is up, its extensions agreed on: the time to open channels. */
  onUp(): void;
  /** The link is gone; the owners of channels that cannot be resumed have been told. */
  onDown?(reason: string): void;
  /** Words for a status line. */
  onStatus?(text: string): void;
}

/** A mining client of SV2 that keeps one link to a pool up. */
export class MiningClient {
  readonly #options: MiningClientOptions;
  readonly #stop = new AbortController();
  #events: MiningClientEvents | undefined;
  #running: Promise<void> | undefined;
  #upstream = 0;
  #session: MiningSession | undefined;
  #connection: Sv2Connection<MiningMessage> | undefined;
  /** Channels of cut links that wait to be resumed. */
  #cut: MiningChannel[] = [];

  constructor(options: MiningClientOptions) {
    this.#options = options;
  }

  /** Begins to connect, and to connect again, until it is closed. */
  run(events: MiningClientEvents): this {
    const { log, backoff } = this.#options;
    const { onStatus } = events;
    this.#events = events;
    this.#running = reconnecting({
      name: 'pool',
      connect: () => this.#connect(),
      onConnected: (connection) => this.#serve(connection),
      log,
      signal: this.#stop.signal,
      ...(backoff === undefined ? {} : { backoff }),
      ...(onStatus === undefined ? {} : { onStatus }),
    });
    return this;
  }

  get isUp(): boolean {
    return this.#session !== undefined;
  }

  /** True where the pool of this link takes a locking key with each share. */
  get speaksEhash(): boolean {
    return this.#session?.speaksEhash ?? false;
  }

  /** Asks the pool for an extended channel; without a link it is refused at once. */
  open(request: OpenRequest, owner: ChannelOwner): void {
    if (this.#session === undefined) owner.refused(openRefused('the link to the pool is down'));
    else this.#session.open(request, owner);
  }

  /** Hangs up for good; resolves when the link is gone. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#connection?.close('the client stops');
    await this.#running;
    for (const channel of this.#cut) channel.lost('the client stops');
  }

  async #connect(): Promise<Sv2Connection<MiningMessage>> {
    const upstream = this.#current();
    try {
      const connection = await connectSv2({
        host: upstream.host,
        port: upstream.port,
        protocol: miningProtocol,
        authorityKey: upstream.authorityKey,
        setup: { protocol: MINING_PROTOCOL, flags: this.#options.flags, device_id: this.#options.deviceId },
        frameCap: FRAME_CAP,
        workers: this.#options.workers,
        log: this.#options.log,
        signal: this.#stop.signal,
      });
      this.#connection = connection;
      await this.#negotiate(connection, upstream);
      return connection;
    } catch (error) {
      this.#connection?.close('not usable');
      this.#upstream = (this.#upstream + 1) % this.#options.upstreams.length;
      throw error;
    }
  }

  /**
   * A share sent without its key would be paid to somebody else, so a pool that is to pay in ehash and does not agree to
   * it, be it only by answering late, is not mined with.
   */
  async #negotiate(
    connection: Sv2Connection<MiningMessage>,
    { host, port, paysEhash }: MiningUpstream,
  ): Promise<void> {
    const spoken = [WORKER_NAME_EXTENSION, EHASH_EXTENSION];
    const wanted = paysEhash ? spoken : [WORKER_NAME_EXTENSION];
    const agreed = await negotiateExtensions(connection, wanted, { spoken });
    if (!paysEhash || agreed.has(EHASH_EXTENSION)) return;
    const message = `${host}:${port} did not agree to the ehash extension; if it is no hashpool, set pays_ehash = false`;
    throw new HashpoolError('no-ehash', message);
  }

  async #serve(connection: Sv2Connection<MiningMessage>): Promise<void> {
    const { resumeLimitMs = RESUME_LIMIT_MS, answerLimitMs = ANSWER_LIMIT_MS, log } = this.#options;
    const session = new MiningSession(connection, { resumeLimitMs, answerLimitMs }, log);
    for (const channel of this.#cut) session.resume(channel);
    this.#session = session;
    this.#events?.onUp();
    const { reason } = await connection.closed;
    this.#session = undefined;
    this.#upstream = 0;
    this.#cut = [...this.#cut.filter(({ isCut }) => isCut), ...session.end(reason)];
    this.#events?.onDown?.(reason);
  }

  #current() {
    return this.#options.upstreams[this.#upstream] ?? this.#options.upstreams[0];
  }
}
