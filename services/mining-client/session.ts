import { EHASH_EXTENSION } from '../../protocols/ehash/extension.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import {
  type ChannelMessage,
  type ChannelOwner,
  type ChannelWire,
  MiningChannel,
  type OpenSuccess,
} from './channel.ts';
import type { ChannelJournal } from './journal/journal.ts';
import type { JournalledChannel } from './journal/lines.ts';
import { Pulse } from './pulse.ts';
import { SaidTlvs } from './said-tlvs.ts';
import { SentJobs } from './sent-jobs.ts';
import { Slices } from './slices.ts';

/** How long a pool may take to open a channel. */
export const OPEN_TIMEOUT_MS = 15_000;
/** A pool that has no work yet is asked to resume a channel again after so long. */
const RESUME_RETRY_MS = 1000;
/** A hashpool that leaves a channel's shares unanswered for so long hangs: another link may find it well. */
export const ANSWER_LIMIT_MS = 60_000;
/** Channels and openings of one connection; beyond, openings are refused here. */
export const MAX_CHANNELS = 20_000;

/** What a channel is opened with. */
export interface OpenRequest {
  readonly userIdentity: string;
  /** Hashes per second. */
  readonly nominalHashRate: number;
  /** The easiest target wanted, 32 bytes little-endian. */
  readonly maximumTargetLe: Uint8Array;
  /** Whether that is to stay the channel's target, as far as the pool speaks ehash. */
  readonly isFixed?: boolean;
  /** How many miners share the channel, where its target is fixed: as many times the shares may come. */
  readonly miners?: number;
  readonly minExtranonceSize: number;
  /** The point that the channel's ehash is locked to where a share names none. */
  readonly lockingKey: Uint8Array | undefined;
  /** 16 bytes: the same as before, to get the channel of a cut link back. */
  readonly resumeToken: Uint8Array | undefined;
}

interface Opening {
  /** Who asked for a new channel. */
  readonly owner: ChannelOwner | undefined;
  readonly request: OpenRequest;
  /** The channel of a cut link that is asked for. */
  readonly cut: MiningChannel | undefined;
  readonly timer: NodeJS.Timeout | undefined;
}

/** What a pool says that will open channels soon, but has no work yet. */
const NOT_READY = 'pool-not-ready';
/** Reasons for which a hashpool closes all channels and opens none for a while. */
const OUT_OF_SERVICE: ReadonlySet<string> = new Set(['stale-work', 'server-id-in-use']);

export interface SessionOptions {
  /** Milliseconds for which a cut channel waits to be resumed. */
  readonly resumeLimitMs: number;
  /** Milliseconds for which shares may wait without an answer before the link is given up. */
  readonly answerLimitMs: number;
  /** Milliseconds for which the pool may say nothing at all. */
  readonly silenceLimitMs: number;
  readonly log: Logger;
  /** Keeps the shares of a channel that can be resumed. */
  journal?(channel: Omit<JournalledChannel, 'upstream'>): ChannelJournal;
  /** The pool has no work any more for anybody: told before any channel hears of it. */
  outOfService?(reason: string): void;
}

/**
 * A channel that could not be opened.
 * @param words the pool's OpenMiningChannel.Error, or ours
 * @param code 'pool-not-ready' where it is worth asking again, else 'channel-refused'
 */
export function openRefused(
  words: string,
  code = words === NOT_READY ? NOT_READY : 'channel-refused',
): HashpoolError {
  return new HashpoolError(code, `the pool did not open a channel: ${words}`);
}

/** The client's end of one mining connection, from SetupConnection.Success until it is gone. */
export class MiningSession {
  readonly #connection: Sv2Connection<MiningMessage>;
  readonly #log: Logger;
  readonly #channels = new Map<number, MiningChannel>();
  readonly #openings = new Map<number, Opening>();
  readonly #wire: ChannelWire;
  readonly #options: SessionOptions;
  readonly #pulse: Pulse;
  readonly #watching: NodeJS.Timeout;
  readonly #gaveUp = Promise.withResolvers<string>();
  readonly #fanOut = new Slices<MiningChannel>();
  readonly #said: SaidTlvs;
  readonly #jobs = new SentJobs();
  #nextRequest = 1;
  #ended = false;

  /** @param connection set up, its extensions negotiated; the session takes its messages from now on */
  constructor(connection: Sv2Connection<MiningMessage>, options: SessionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#log = options.log;
    const said = new SaidTlvs(connection.extensions);
    this.#said = said;
    this.#wire = {
      send: (message) => connection.send(message),
      forget: (channel) => {
        if (this.#channels.get(channel.id) === channel) this.#channels.delete(channel.id);
      },
      sendWish: (message, wish) => connection.send(message, said.ofWish(wish)),
      sendShare: (message, owner) => connection.send(message, owner.tlvs(connection.extensions)),
    };
    const { answerLimitMs, silenceLimitMs } = options;
    this.#pulse = new Pulse({
      limitMs: silenceLimitMs,
      ask: () => this.#askForLife(),
      silent: () => this.#giveUp(`the pool has been silent for ${silenceLimitMs / 1000} s`),
    });
    connection.onMessage = (message) => this.#takeGuarded(message);
    this.#watching = setInterval(() => this.#leaveHanging(answerLimitMs), answerLimitMs / 4);
    void connection.closed.then(({ reason }) => this.#gaveUp.resolve(reason));
  }

  /** Resolves with the reason when the link is gone or given up: a connection to a peer that hangs takes a while to end. */
  get over(): Promise<string> {
    return this.#gaveUp.promise;
  }

  /** When the pool was heard last, in milliseconds of performance.now(). */
  get heardAt(): number {
    return this.#pulse.heardAt;
  }

  /** Channels that are open or asked for. */
  get channelCount(): number {
    return this.#channels.size + this.#openings.size;
  }

  /** True where the pool takes a locking key with each share. */
  get speaksEhash(): boolean {
    return this.#connection.extensions.has(EHASH_EXTENSION);
  }

  /** Asks for an extended channel; `owner` hears of it, first by `opened` or `refused`. */
  open(request: OpenRequest, owner: ChannelOwner): void {
    const obstacle = this.#obstacle();
    if (obstacle === undefined) this.#ask(request, owner);
    else owner.refused(openRefused(obstacle));
  }

  /** Asks for the channel of a cut link; its owner hears of it only where it does not go on as it was. */
  resume(channel: MiningChannel): void {
    if (!channel.isCut) return;
    const obstacle = this.speaksEhash ? this.#obstacle() : 'this pool resumes no channels';
    if (obstacle === undefined) this.#ask(channel.request, undefined, channel);
    else channel.lost(obstacle);
  }

  #ask(request: OpenRequest, owner: ChannelOwner | undefined, cut?: MiningChannel): void {
    const requestId = this.#nextRequest;
    this.#nextRequest = (this.#nextRequest + 1) >>> 0;
    // A cut channel waits by a limit of its own: asked for twice, the answer to the first time would come too late for it.
    const timer = cut ? undefined : setTimeout(() => this.#refused(requestId, unanswered()), OPEN_TIMEOUT_MS);
    this.#openings.set(requestId, { owner, request, cut, timer });
    this.#connection.send(
      {
        name: 'OpenExtendedMiningChannel',
        request_id: requestId,
        user_identity: request.userIdentity,
        nominal_hash_rate: request.nominalHashRate,
        max_target: request.maximumTargetLe,
        min_extranonce_size: request.minExtranonceSize,
      },
      this.#said.ofOpening(request),
    );
  }

  /**
   * The link is gone: every opening is refused, every channel that cannot be resumed lost, with the shares that wait.
   * @returns the channels that can be resumed
   */
  end(reason: string): MiningChannel[] {
    this.#ended = true;
    this.#pulse.stop();
    clearInterval(this.#watching);
    this.#fanOut.stop();
    for (const [requestId, opening] of this.#openings) {
      this.#forgetOpening(requestId, opening);
      opening.owner?.refused(openRefused(reason));
    }
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) {
      if (channel.isResumable) channel.cut(reason);
      else channel.lost(reason);
    }
    return channels.filter(({ isCut }) => isCut);
  }

  #takeGuarded(message: MiningMessage): void {
    this.#pulse.heard();
    try {
      this.#take(message);
    } catch (error) {
      this.#logUnhandled(message, error);
    }
  }

  /** What goes wrong over one channel must not end the link that all the others share. */
  #logUnhandled({ name }: MiningMessage, error: unknown): void {
    const words = `a message of the pool could not be handled: ${messageOf(error)}`;
    this.#log.error({ message: name, error }, words);
  }

  /** A request that changes nothing; of pools that did not answer it at first, nothing can be asked. */
  #askForLife(): void {
    const agreed = [...this.#connection.extensions];
    if (agreed.length === 0) this.#pulse.heard();
    else this.#connection.send({ name: 'RequestExtensions', request_id: 0, requested_extensions: agreed });
  }

  #giveUp(reason: string): void {
    this.#gaveUp.resolve(reason);
    this.#connection.close(reason);
  }

  /**
   * A pool may answer everything but shares. Pools of another make answer them by the batch, however long that takes to
   * fill.
   */
  #leaveHanging(limitMs: number): void {
    if (!this.speaksEhash) return;
    const now = performance.now();
    for (const channel of this.#channels.values()) {
      if (channel.waited(now) <= limitMs) continue;
      this.#giveUp(`the pool has answered no share for ${limitMs / 1000} s`);
      return;
    }
  }

  #take(message: MiningMessage): void {
    switch (message.name) {
      case 'OpenExtendedMiningChannel.Success':
        this.#opened(message);
        break;
      case 'OpenMiningChannel.Error':
        this.#refused(message.request_id, openRefused(message.error_code));
        break;
      case 'NewExtendedMiningJob':
      case 'SetNewPrevHash':
      case 'SetTarget':
      case 'SetExtranoncePrefix':
      case 'SubmitShares.Success':
      case 'SubmitShares.Error':
      case 'UpdateChannel.Error':
      case 'SetCustomMiningJob.Success':
      case 'SetCustomMiningJob.Error':
        this.#deliver(message);
        break;
      case 'CloseChannel':
        if (OUT_OF_SERVICE.has(message.reason_code)) this.#options.outOfService?.(message.reason_code);
        this.#deliver(message);
        break;
      case 'SetGroupChannel':
        for (const id of message.channel_ids) {
          const channel = this.#channels.get(id);
          if (channel !== undefined) this.#moveToGroup(channel, message.group_channel_id);
        }
        break;
      case 'Reconnect':
        this.#giveUp('the pool asks to connect again');
        break;
      case 'RequestExtensions.Success':
      case 'RequestExtensions.Error':
        break;
      default:
        this.#log.debug({ message: message.name }, 'message ignored');
    }
  }

  #opened(message: OpenSuccess): void {
    const opening = this.#openings.get(message.request_id);
    const cut = opening?.cut;
    if (opening === undefined || (cut !== undefined && !cut.isCut)) {
      // Too late: its owner was told that the pool did not answer, or wants the channel no more.
      if (opening !== undefined) this.#forgetOpening(message.request_id, opening);
      const { channel_id } = message;
      this.#connection.send({ name: 'CloseChannel', channel_id, reason_code: 'opened-too-late' });
      return;
    }
    this.#forgetOpening(message.request_id, opening);
    if (cut?.resume(message, this.#wire)) {
      this.#channels.set(cut.id, cut);
      tellWish(cut, opening.request);
      return;
    }
    const owner = opening.owner ?? cut?.owner;
    if (owner === undefined) {
      // Another channel than the one that was left is of no use.
      this.#connection.send({
        name: 'CloseChannel',
        channel_id: message.channel_id,
        reason_code: 'not-resumed',
      });
      return;
    }
    const { request } = cut ?? opening;
    const channel = this.#newChannel(message, request, owner);
    this.#channels.set(channel.id, channel);
    tellWish(channel, opening.request);
    owner.opened(channel);
  }

  #newChannel(success: OpenSuccess, request: OpenRequest, owner: ChannelOwner): MiningChannel {
    const { extranonce_prefix: extranoncePrefix, extranonce_size: extranonceSize } = success;
    const isResumable = this.speaksEhash && request.resumeToken !== undefined;
    const journal = isResumable
      ? this.#options.journal?.({ request, extranoncePrefix, extranonceSize })
      : undefined;
    const { resumeLimitMs, log } = this.#options;
    const common = { isResumable, journal, resumeLimitMs, log };
    return new MiningChannel({ success, request, owner, wire: this.#wire, ...common });
  }

  #refused(requestId: number, error: HashpoolError): void {
    const opening = this.#openings.get(requestId);
    if (opening === undefined) return;
    this.#forgetOpening(requestId, opening);
    const { cut, owner } = opening;
    if (cut === undefined) owner?.refused(error);
    else if (error.code === NOT_READY) setTimeout(() => this.#ended || this.resume(cut), RESUME_RETRY_MS);
    else cut.lost(error.message);
  }

  #forgetOpening(requestId: number, opening: Opening): void {
    clearTimeout(opening.timer);
    this.#openings.delete(requestId);
  }

  /** To the channel of that id, or to all channels of the group of that id: they share one space of ids. */
  #deliver(message: ChannelMessage): void {
    const id = message.channel_id;
    const channel = this.#channels.get(id);
    const said = this.#jobs.same(message);
    if (channel !== undefined) channel.take(said, this.#jobs.named(said, channel.groupId));
    else this.#deliverToGroup(said, id);
  }

  /** What the pool says next waits until all members have heard this. */
  #deliverToGroup(message: ChannelMessage, id: number): void {
    const channels = this.#channels.values();
    if (!channels.some(({ groupId }) => groupId === id) || this.#jobs.awaits(message, id)) return;
    const job = this.#jobs.named(message, id);
    const handler = this.#connection.onMessage;
    this.#connection.onMessage = undefined;
    this.#fanOut.begin(
      this.#channels.values(),
      (channel) => {
        try {
          if (channel.groupId === id) channel.take(message, job);
        } catch (error) {
          this.#logUnhandled(message, error);
        }
      },
      () => {
        if (message.name === 'SetNewPrevHash') this.#jobs.forget(id);
        this.#connection.onMessage = handler;
      },
    );
  }

  /** What the group was told of tips to come was told the channel too. */
  #moveToGroup(channel: MiningChannel, groupId: number): void {
    for (const job of this.#jobs.future(channel.groupId)) channel.take(job);
    channel.groupId = groupId;
  }

  #obstacle(): string | undefined {
    if (this.#ended) return 'the link is down';
    const open = this.#channels.size + this.#openings.size;
    return open < MAX_CHANNELS ? undefined : `${MAX_CHANNELS} channels are open already`;
  }
}

/** @param asked what the opening said: the wish may have changed while it was on its way */
function tellWish(channel: MiningChannel, asked: OpenRequest): void {
  if (asked !== channel.request) channel.update(channel.request);
}

function unanswered(): HashpoolError {
  return openRefused(`no answer within ${OPEN_TIMEOUT_MS / 1000} s`, NOT_READY);
}
