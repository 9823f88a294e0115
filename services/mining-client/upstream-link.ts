import { EHASH_EXTENSION, RESUME_LIMIT_MS, WORKER_NAME_EXTENSION } from '../../protocols/ehash/extension.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { negotiateExtensions } from '../../runtime/sv2/extensions.ts';
import { type Backoff, reconnecting } from '../../runtime/sv2/reconnect.ts';
import { type ChannelOwner, MiningChannel } from './channel.ts';
import type { LinkState } from './choose-upstream.ts';
import type { MiningClientOptions, MiningUpstream } from './client.ts';
import type { RecoveredChannel } from './journal/journal.ts';
import { Sentinel } from './sentinel.ts';
import { ANSWER_LIMIT_MS, MiningSession, type OpenRequest, openRefused } from './session.ts';

/** Longest message taken from a pool: a job with its coinbase and merkle path is far below. */
const FRAME_CAP = 256 * 1024;
/** Miners wait: a pool is asked again soon, and often. */
const BACKOFF: Partial<Backoff> = { firstMs: 250, maxMs: 5000 };
/** With another pool to go to, a silent one is left in time for miners to be there within 5 s. */
const SILENCE_MS = 3000;
/** Without one, leaving it helps only if it is well on another connection. */
const LONE_SILENCE_MS = 30_000;

/** The link to one pool, kept up while it is wanted, with the channels that were opened over it, cut ones too. */
export class UpstreamLink implements LinkState {
  readonly name: string;
  readonly #upstream: MiningUpstream;
  readonly #options: MiningClientOptions;
  readonly #changed: () => void;
  #stop: AbortController | undefined;
  #running: Promise<void> | undefined;
  #session: MiningSession | undefined;
  #wellSince: number | undefined;
  #illSince = 0;
  #trouble = 'not connected';
  /** Channels of cut links that wait to be resumed. */
  #cut: MiningChannel[] = [];

  /** @param changed told whenever the link becomes well or ill */
  constructor(upstream: MiningUpstream, options: MiningClientOptions, changed: () => void) {
    this.name = `${upstream.host}:${upstream.port}`;
    this.#upstream = upstream;
    this.#options = options;
    this.#changed = changed;
  }

  get wellSince(): number | undefined {
    return this.#wellSince;
  }

  /** Since when it has not been well, where it was: milliseconds of performance.now(). */
  get illSince(): number {
    return this.#illSince;
  }

  get hasDuties(): boolean {
    this.#cut = this.#cut.filter(({ isCut }) => isCut);
    const channels = this.#session === undefined ? 0 : this.#session.channelCount - 1;
    return channels > 0 || this.#cut.length > 0;
  }

  /** Why it is not well, in words. */
  get trouble(): string {
    return this.#trouble;
  }

  /** True where the pool takes a locking key with each share. */
  get speaksEhash(): boolean {
    return this.#session?.speaksEhash ?? false;
  }

  open(request: OpenRequest, owner: ChannelOwner): void {
    if (this.#session === undefined) owner.refused(openRefused('the link to the pool is down'));
    else this.#session.open(request, owner);
  }

  /** Takes on a channel of an earlier process: its shares are sent again when the link is up. */
  adopt({ channel, shares, journal }: RecoveredChannel): void {
    const { request, extranoncePrefix, extranonceSize } = channel;
    const { log, resumeLimitMs = RESUME_LIMIT_MS, onRecovered } = this.#options;
    const success = {
      channel_id: 0,
      group_channel_id: 0,
      target: request.maximumTargetLe,
      extranonce_prefix: extranoncePrefix,
      extranonce_size: extranonceSize,
    };
    const left = new MiningChannel({
      success,
      request,
      owner: undefined,
      wire: undefined,
      isResumable: true,
      journal,
      resumeLimitMs,
      log,
    });
    for (const { sequence, share, owner } of shares)
      left.restore(sequence, share, owner, (verdict) => onRecovered?.(verdict));
    left.cut('the pool did not come back in time');
    this.#cut.push(left);
  }

  /** Keeps the link up from now on, or lets it go. */
  want(isWanted: boolean): void {
    if (isWanted === (this.#stop !== undefined)) return;
    if (!isWanted) {
      this.#stop?.abort();
      this.#stop = undefined;
      this.#trouble = 'not connected';
      return;
    }
    const stop = new AbortController();
    this.#stop = stop;
    // One that was let go a moment ago ends first.
    this.#running = (this.#running ?? Promise.resolve()).then(() => this.#run(stop.signal));
  }

  /** Hangs up for good; resolves when the link is gone. */
  async close(): Promise<void> {
    this.want(false);
    await this.#running;
    for (const channel of this.#cut) channel.lost('the client stops');
  }

  #run(signal: AbortSignal): Promise<void> {
    const { log, backoff } = this.#options;
    return reconnecting({
      name: `pool ${this.name}`,
      connect: () => this.#connect(signal),
      onConnected: (connection) => this.#serve(connection),
      log,
      signal,
      backoff: { ...BACKOFF, ...backoff },
    });
  }

  async #connect(signal: AbortSignal): Promise<Sv2Connection<MiningMessage>> {
    try {
      return await this.#connected(signal);
    } catch (error) {
      this.#tell(messageOf(error));
      throw error;
    }
  }

  async #connected(signal: AbortSignal): Promise<Sv2Connection<MiningMessage>> {
    const { host, port, authorityKey } = this.#upstream;
    const { flags, deviceId, workers, log } = this.#options;
    const connection = await connectSv2({
      host,
      port,
      protocol: miningProtocol,
      authorityKey,
      setup: { protocol: MINING_PROTOCOL, flags, device_id: deviceId },
      frameCap: FRAME_CAP,
      workers,
      log,
      signal,
    });
    try {
      await this.#negotiate(connection);
      return connection;
    } catch (error) {
      connection.close('not usable');
      throw error;
    }
  }

  /**
   * A share sent without its key would be paid to somebody else, so a pool that is to pay in ehash and does not agree to
   * it, be it only by answering late, is not mined with.
   */
  async #negotiate(connection: Sv2Connection<MiningMessage>): Promise<void> {
    const { paysEhash } = this.#upstream;
    const spoken = [WORKER_NAME_EXTENSION, EHASH_EXTENSION];
    const wanted = paysEhash ? spoken : [WORKER_NAME_EXTENSION];
    const agreed = await negotiateExtensions(connection, wanted, { spoken });
    if (!paysEhash || agreed.has(EHASH_EXTENSION)) return;
    const message = `${this.name} did not agree to the ehash extension; if it is no hashpool, set pays_ehash = false`;
    throw new HashpoolError('no-ehash', message);
  }

  async #serve(connection: Sv2Connection<MiningMessage>): Promise<void> {
    const { resumeLimitMs = RESUME_LIMIT_MS, answerLimitMs = ANSWER_LIMIT_MS, log } = this.#options;
    const { upstreams, journal } = this.#options;
    const session = new MiningSession(connection, {
      resumeLimitMs,
      answerLimitMs,
      silenceLimitMs: this.#options.silenceLimitMs ?? (upstreams.length > 1 ? SILENCE_MS : LONE_SILENCE_MS),
      log,
      ...(journal && { journal: (channel) => journal.channel({ ...channel, upstream: this.name }) }),
      outOfService: (reason) => this.#isIll(`the pool closed all channels: ${reason}`),
    });
    this.#session = session;
    this.#tell('it has sent no job yet');
    const sentinel = new Sentinel(session, this.#options.probe, (trouble) =>
      trouble === undefined ? this.#isWell() : this.#isIll(trouble),
    );
    sentinel.start();
    for (const channel of this.#cut) session.resume(channel);
    const reason = await session.over;
    sentinel.stop();
    this.#session = undefined;
    if (this.#wellSince !== undefined) this.#illSince = session.heardAt;
    this.#wellSince = undefined;
    this.#trouble = reason;
    this.#cut = [...this.#cut.filter(({ isCut }) => isCut), ...session.end(reason)];
    this.#changed();
  }

  #isWell(): void {
    if (this.#wellSince !== undefined) return;
    this.#wellSince = performance.now();
    this.#changed();
  }

  #isIll(trouble: string): void {
    if (this.#wellSince !== undefined) this.#illSince = performance.now();
    this.#wellSince = undefined;
    this.#tell(trouble);
  }

  #tell(trouble: string): void {
    this.#trouble = trouble;
    this.#changed();
  }
}
