import { RESUME_LIMIT_MS } from '../../protocols/ehash/extension.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { reconnecting } from '../../runtime/sv2/reconnect.ts';
import { type ChannelOwner, MiningChannel } from './channel.ts';
import type { LinkState } from './choose-upstream.ts';
import type { MiningClientOptions, MiningUpstream } from './client.ts';
import { connectPool } from './connect-pool.ts';
import type { RecoveredChannel } from './journal/journal.ts';
import { Sentinel } from './sentinel.ts';
import { ANSWER_LIMIT_MS, MiningSession, type OpenRequest, openRefused } from './session.ts';

/** With another pool to go to, a silent one is left in time for miners to be there within 5 s. */
const SILENCE_MS = 3000;
/** Without one, leaving it helps only if it is well on another connection. */
const LONE_SILENCE_MS = 30_000;
/** A pool is asked for a sign of life after two seconds: where it has given none after so long, people are told. */
const TOLD_SILENCE_MS = 4000;

/** What went wrong with a link, and when: milliseconds of performance.now(). */
export interface LinkFailure {
  readonly why: string;
  readonly at: number;
}

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
  #failure: LinkFailure | undefined;
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

  /** What went wrong last, also where it is well again. */
  get failure(): LinkFailure | undefined {
    return this.#failure;
  }

  /** Since when the pool has said nothing, though it was asked: milliseconds of performance.now(); undefined where it speaks. */
  get silentSince(): number | undefined {
    const heardAt = this.#session?.heardAt;
    return heardAt !== undefined && performance.now() - heardAt >= TOLD_SILENCE_MS ? heardAt : undefined;
  }

  /** True where it is connected to, or tried. */
  get isWanted(): boolean {
    return this.#stop !== undefined;
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
      ...(backoff && { backoff }),
    });
  }

  async #connect(signal: AbortSignal): Promise<Sv2Connection<MiningMessage>> {
    try {
      return await connectPool(this.#upstream, this.#options, signal);
    } catch (error) {
      this.#failed(messageOf(error));
      throw error;
    }
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
    this.#noteFailure(reason);
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
    this.#failed(trouble);
  }

  #failed(why: string): void {
    this.#noteFailure(why);
    this.#tell(why);
  }

  /** That this side has hung up is no failure. */
  #noteFailure(why: string): void {
    if (this.#stop !== undefined) this.#failure = { why, at: performance.now() };
  }

  #tell(trouble: string): void {
    this.#trouble = trouble;
    this.#changed();
  }
}
