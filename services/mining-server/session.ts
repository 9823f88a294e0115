import {
  ChannelIds,
  MAX_CHANNELS_PER_CONNECTION,
  MAX_UNGROUPED_CHANNELS,
} from '../../domain/channels/channel-ids.ts';
import {
  channelKey,
  hasFixedTargetField,
  type KeyError,
  sharingMiners,
} from '../../domain/channels/locking-key.ts';
import type { ChannelKind, MiningChannel } from '../../domain/channels/mining-channel.ts';
import { judgeUpdate } from '../../domain/channels/open-channel.ts';
import type { DifficultyWish } from '../../domain/job-declaration/shared-difficulty.ts';
import type { SubmittedShare } from '../../domain/shares/validate-share.ts';
import { EHASH_EXTENSION } from '../../protocols/ehash/extension.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { MessageHandler, Sv2Connection } from '../../runtime/sv2/connection.ts';
import { serveExtensions } from '../../runtime/sv2/extensions.ts';
import {
  type Audience,
  adjust,
  alone,
  follow,
  remember,
  retarget,
  sendFirstWork,
  sendRenewed,
  sendUpdate,
  type WorkUpdate,
} from './channel-work.ts';
import { afterRequired } from './extensions.ts';
import { ChannelGroups } from './groups.ts';
import type { Message, MiningHouse } from './house.ts';
import {
  type ConnectionTerms,
  connectionTerms,
  type OpenRequest,
  openChannel,
  openSuccess,
  TOO_MANY_CHANNELS,
} from './open-channel.ts';
import { PayeeKeys } from './payee-keys.ts';
import { Reading } from './reading.ts';
import { type CustomJobClient, setCustomJob } from './set-custom-job.ts';
import type { StoredShare } from './share-commits.ts';
import { type ShareClient, ShareIntake } from './share-intake.ts';

const NOTHING = new Uint8Array(0);
/** That a channel's new target or prefix takes, with the job that goes with it; all may get one at once. */
const QUEUED_BYTES_PER_CHANNEL = 4096;

type IncomingShare = SubmittedShare & { readonly channel_id: number; readonly sequence_number: number };

/** One client's connection and its channels. */
export class MiningSession implements ShareClient {
  readonly #connection: Sv2Connection<MiningMessage>;
  readonly #house: MiningHouse;
  readonly #number: number;
  readonly #terms: ConnectionTerms;
  readonly #ids = new ChannelIds();
  readonly #reading: Reading;
  readonly #payees: PayeeKeys;
  readonly #shares: ShareIntake;
  readonly #channels = new Map<number, MiningChannel>();
  readonly #groups: ChannelGroups;
  readonly #jobs: CustomJobClient;
  readonly #firstChannel: NodeJS.Timeout;
  #wasRefused = false;
  /** Number of the last update of work that was told. */
  #delivered = 0;
  readonly #send = (message: MiningMessage): void => this.#connection.send(message);

  constructor(connection: Sv2Connection<MiningMessage>, house: MiningHouse) {
    this.#connection = connection;
    this.#house = house;
    this.#number = house.nextConnection();
    house.events.onConnected?.(this.#number, connection.remote, connection.setup);
    const receive: MessageHandler<MiningMessage> = (message, tlvs) => this.#handle(message, tlvs);
    this.#reading = new Reading(connection, receive, () => this.#shares.judge());
    this.#payees = new PayeeKeys(connection, house, this.#reading);
    this.#shares = new ShareIntake(this, { house, reading: this.#reading, payees: this.#payees });
    this.#terms = connectionTerms(connection.setup.flags);
    this.#groups = new ChannelGroups(this.#ids, !this.#terms.standardJobs);
    this.#jobs = {
      remote: connection.remote,
      channel: (id) => this.#channels.get(id),
      catchUp: () => this.#catchUp(),
      send: this.#send,
    };
    afterRequired(connection, house.policy.extensions, receive);
    connection.onDrained = () => {
      this.#shares.judge();
      house.commits.flush();
    };
    const { firstChannelMs } = house.policy;
    const words = `no channel was opened within ${firstChannelMs / 1000} s`;
    this.#firstChannel = setTimeout(() => connection.close(words), firstChannelMs);
    void connection.closed.then(() => {
      clearTimeout(this.#firstChannel);
      this.#shares.judge();
      this.#cut();
      house.events.onDisconnected?.(this.#number);
    });
  }

  close(reason: string): void {
    this.#connection.close(reason);
  }

  wishes(): DifficultyWish[] {
    return [...this.#channels.values()].map(({ miners, vardiff: { k, proven }, clientFloor }) => {
      return { miners, k, isProven: proven !== undefined, clientFloor };
    });
  }

  /** Tells each group, or each channel, of a change of work, once. */
  deliver(number: number, update: WorkUpdate): void {
    if (number <= this.#delivered) return;
    this.#delivered = number;
    if (update.kind === 'move') this.#move();
    else if (update.kind === 'regroup') this.#regroup();
    else if (update.kind === 'close')
      for (const channel of this.#channels.values()) this.#dismiss(channel, update.reason);
    else {
      if (update.kind === 'activate' && this.#terms.workSelection)
        for (const { jobs } of this.#channels.values()) jobs.retire(update.live.tip.prevHashLe);
      for (const to of this.#audiences()) sendUpdate(to, update, this.#house, this.#send);
    }
  }

  /**
   * Moves the channels' targets where that is due, and closes the channels that can't be paid any more.
   * @param now milliseconds, of a clock that only goes forward
   */
  adjust(now: number): void {
    const paid = this.#house.range;
    if (!paid) return;
    this.#catchUp();
    const moved: MiningChannel[] = [];
    for (const channel of this.#channels.values()) {
      const { floor, ceiling } = channel.range(paid);
      if (floor > ceiling) this.#dismiss(channel, 'max-target-out-of-range');
      else if (adjust(channel, this.#house, now)) moved.push(channel);
    }
    for (const to of this.#groups.asOne(moved)) retarget(to, this.#house, this.#send);
  }

  /** Takes all channels to the present server id, with jobs for it; jobs sent before keep the old one. */
  #move(): void {
    for (const channel of this.#channels.values()) {
      channel.prefix = this.#house.allocator.moved(channel.prefix);
      const { id: channel_id, prefix } = channel;
      this.#send({ name: 'SetExtranoncePrefix', channel_id, extranonce_prefix: prefix.bytes });
    }
    for (const to of this.#audiences()) sendRenewed(to, this.#house, this.#send);
  }

  /** Puts channels whose tag is another one now into its group (5.3.22), which the next job goes to. */
  #regroup(): void {
    if (this.#terms.workSelection) return;
    const { tags } = this.#house;
    const moved = [...this.#channels.values()].filter((channel) =>
      this.#groups.move(channel, tags.exchange(channel.tag, channel.userIdentity)),
    );
    for (const [group_channel_id, channels] of Map.groupBy(moved, ({ groupId }) => groupId)) {
      const channel_ids = channels.map(({ id }) => id);
      this.#send({ name: 'SetGroupChannel', group_channel_id, channel_ids });
    }
  }

  /** Asks the client to connect elsewhere; an empty host and port 0 stand for the present ones. */
  reconnect(new_host: string, new_port: number): void {
    this.#send({ name: 'Reconnect', new_host, new_port });
  }

  stored(share: StoredShare): void {
    const { channel, sequenceNumber, k, work } = share;
    const { figures, events } = this.#house;
    figures.accepted++;
    if (work) events.onStored?.(work);
    if (work) events.onAccepted?.(this.#number, share, work);
    this.#house.acks.add(this, channel, sequenceNumber, k);
  }

  refused({ channel, sequenceNumber }: StoredShare, code: string): void {
    if (this.#channels.get(channel.id) === channel) this.reject(channel.id, sequenceNumber, code);
  }

  /** Moves a channel's target before its time, where its share still finds it open. */
  stopFlood(channel: MiningChannel): void {
    if (this.#channels.get(channel.id) !== channel) return;
    this.#catchUp();
    if (adjust(channel, this.#house, performance.now())) retarget(alone(channel), this.#house, this.#send);
  }

  sendAck(channel: MiningChannel): void {
    const ack = channel.acks.take();
    if (ack && this.#channels.get(channel.id) === channel) {
      this.#send({ name: 'SubmitShares.Success', channel_id: channel.id, ...ack });
    }
  }

  #handle(message: MiningMessage, tlvs: readonly Tlv[]): void {
    if (message.name === 'SubmitSharesExtended') this.#submit('extended', message, tlvs);
    else if (message.name === 'SubmitSharesStandard')
      this.#submit('standard', { ...message, extranonce: NOTHING }, tlvs);
    else {
      // Shares that came before it come first.
      this.#shares.judge();
      if (this.#reading.isHeld) this.#connection.unread(message, tlvs);
      else this.#handleOther(message, tlvs);
    }
  }

  #handleOther(message: MiningMessage, tlvs: readonly Tlv[]): void {
    switch (message.name) {
      case 'OpenExtendedMiningChannel':
      case 'OpenStandardMiningChannel':
        this.#open(message, tlvs);
        break;
      case 'UpdateChannel':
        this.#update(message, tlvs);
        break;
      case 'CloseChannel':
        this.#close(message.channel_id);
        break;
      case 'SetCustomMiningJob':
        void setCustomJob(message, this.#jobs, this.#house);
        break;
      case 'RequestExtensions':
        this.#serveExtensions(message);
        break;
      default:
        this.#house.log.debug({ remote: this.#connection.remote }, `ignored ${message.name}`);
    }
  }

  #submit(kind: ChannelKind, share: IncomingShare, tlvs: readonly Tlv[]): void {
    const channel = this.#channels.get(share.channel_id);
    if (channel?.kind === kind) this.#shares.add(channel, share, tlvs);
    else this.reject(share.channel_id, share.sequence_number, 'invalid-channel-id');
  }

  #open(message: OpenRequest, tlvs: readonly Tlv[]): void {
    const { houseKey } = this.#house.policy;
    const keysWithShares =
      message.name === 'OpenExtendedMiningChannel' && this.#connection.extensions.has(EHASH_EXTENSION);
    const key = channelKey(message.user_identity, tlvs, keysWithShares, houseKey);
    if (!(key instanceof Uint8Array)) this.#openPaying(key, message, tlvs);
    else
      this.#payees.judge(key, (isPoint) =>
        this.#openPaying(isPoint ? key : 'invalid-ehash-key', message, tlvs),
      );
  }

  /** @param lockingKey whom the channel pays, or why that can't be */
  #openPaying(
    lockingKey: Uint8Array | undefined | KeyError,
    message: OpenRequest,
    tlvs: readonly Tlv[],
  ): void {
    // The client may have gone while its key was looked at.
    if (!this.#connection.isOpen) return;
    const { request_id, user_identity } = message;
    const { client } = this.#connection;
    const opener = { ids: this.#ids, groups: this.#groups, terms: this.#terms, client, lockingKey };
    const { figures, policy } = this.#house;
    const most = this.#terms.standardJobs ? MAX_UNGROUPED_CHANNELS : MAX_CHANNELS_PER_CONNECTION;
    this.#catchUp();
    const channel =
      this.#channels.size >= most || figures.channels >= policy.maxChannels
        ? TOO_MANY_CHANNELS
        : openChannel(this.#house, message, tlvs, opener);
    if (typeof channel === 'string') {
      if (channel === TOO_MANY_CHANNELS) figures.tooMany++;
      this.#refuse(request_id, channel, user_identity);
      return;
    }
    clearTimeout(this.#firstChannel);
    this.#channels.set(channel.id, channel);
    this.#groups.add(channel);
    this.#house.resumable.hold(channel, () => this.#handOver(channel));
    this.#count(1);
    this.#house.events.onChannelOpened?.(this.#number, channel);
    const { kind, id } = channel;
    this.#house.log.info(
      { remote: this.#connection.remote, channel: id, kind, user: user_identity, k: channel.k },
      'channel is open',
    );
    this.#send(openSuccess(channel, request_id));
    if (!this.#terms.workSelection) sendFirstWork(channel, this.#house, this.#send);
  }

  #serveExtensions(request: Message<'RequestExtensions'>): void {
    const { supported, required } = this.#house.policy.extensions;
    serveExtensions(this.#connection, request, supported, required);
  }

  #update(message: Message<'UpdateChannel'>, tlvs: readonly Tlv[]): void {
    const { channel_id, nominal_hash_rate: nominalHashRate } = message;
    const channel = this.#channels.get(channel_id);
    const clientFloor = channel ? judgeUpdate(message, this.#house.range) : 'invalid-channel-id';
    if (!channel || typeof clientFloor === 'string') {
      this.#send({ name: 'UpdateChannel.Error', channel_id, error_code: String(clientFloor) });
      return;
    }
    this.#catchUp();
    const said = { isFixed: hasFixedTargetField(tlvs), miners: sharingMiners(tlvs) };
    const wish = { nominalHashRate, clientFloor, ...said };
    follow(channel, this.#house, wish, performance.now(), this.#send);
  }

  #close(channelId: number): void {
    const channel = this.#channels.get(channelId);
    const closing = channel ? [channel] : this.#groups.members(channelId);
    for (const each of closing) this.#remove(each);
  }

  /** Ends a channel from this side. */
  #dismiss(channel: MiningChannel, reason_code: string): void {
    this.#house.log.info({ remote: this.#connection.remote, channel: channel.id }, `closed: ${reason_code}`);
    this.#send({ name: 'CloseChannel', channel_id: channel.id, reason_code });
    this.#remove(channel);
  }

  #remove(channel: MiningChannel): void {
    this.#forget(channel);
    remember(channel, this.#house, performance.now());
    this.#house.resumable.forget(channel);
    this.#house.retire(channel);
  }

  /** The link is gone: resumable channels wait for their client, the others are over. */
  #cut(): void {
    const now = performance.now();
    for (const channel of this.#channels.values()) {
      this.#forget(channel);
      remember(channel, this.#house, now);
      if (!this.#house.resumable.cut(channel, now)) this.#house.retire(channel);
    }
  }

  /** The channel's client goes on with it on another connection, before this one was seen to be dead. */
  #handOver(channel: MiningChannel): void {
    this.#forget(channel);
    this.#send({ name: 'CloseChannel', channel_id: channel.id, reason_code: 'resumed-elsewhere' });
  }

  #forget(channel: MiningChannel): void {
    this.#channels.delete(channel.id);
    this.#groups.remove(channel);
    this.#count(-1);
    this.#house.events.onChannelClosed?.(this.#number, channel);
  }

  /** Delivers the updates that are still on their way to others, so that a change made now comes after them. */
  #catchUp(): void {
    for (const { number, update } of this.#house.pending) this.deliver(number, update);
  }

  /** Whom work goes to. */
  #audiences(): Audience[] {
    return this.#terms.workSelection ? [] : this.#groups.audiences();
  }

  #count(change: number): void {
    this.#connection.queuedCap += change * QUEUED_BYTES_PER_CHANNEL;
    this.#house.figures.channels += change;
    this.#house.events.onChannels?.(this.#house.figures.channels);
  }

  #refuse(request_id: number, error_code: string, user: string): void {
    // One line for each client: who asks without end does not flood the log.
    const level = this.#wasRefused ? 'debug' : 'info';
    this.#wasRefused = true;
    this.#house.log[level]({ remote: this.#connection.remote, user }, `channel refused: ${error_code}`);
    this.#send({ name: 'OpenMiningChannel.Error', request_id, error_code });
  }

  reject(channel_id: number, sequence_number: number, error_code: string): void {
    const about = { remote: this.#connection.remote, channel_id, sequence_number };
    this.#house.figures.rejected++;
    this.#house.events.onRejected?.(error_code, this.#number, channel_id);
    this.#house.log.debug(about, `share rejected: ${error_code}`);
    this.#send({ name: 'SubmitShares.Error', channel_id, sequence_number, error_code });
  }
}
