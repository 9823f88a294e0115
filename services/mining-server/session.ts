import { ChannelIds, GROUP_ID, MAX_CHANNELS_PER_CONNECTION } from '../../domain/channels/channel-ids.ts';
import type { ExtendedChannel } from '../../domain/channels/extended-channel.ts';
import { KnownKeys, lockingKeyField } from '../../domain/channels/locking-key.ts';
import { judgeUpdate } from '../../domain/channels/open-channel.ts';
import { payeeTag } from '../../domain/shares/seen-shares.ts';
import { type ShareError, validateShare } from '../../domain/shares/validate-share.ts';
import { EHASH_EXTENSION, WORKER_NAME_EXTENSION } from '../../protocols/ehash/extension.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { serveExtensions } from '../../runtime/sv2/extensions.ts';
import { adjust, follow, sendFirstWork, sendUpdate, type WorkUpdate } from './channel-work.ts';
import type { Message, MiningHouse } from './house.ts';
import { openExtendedChannel, openSuccess } from './open-channel.ts';
import type { ShareOwner } from './share-commits.ts';

const EXTENSIONS = [WORKER_NAME_EXTENSION, EHASH_EXTENSION];

/** One client's connection and its channels. */
export class MiningSession implements ShareOwner {
  readonly #connection: Sv2Connection<MiningMessage>;
  readonly #house: MiningHouse;
  readonly #ids = new ChannelIds();
  readonly #keys = new KnownKeys();
  readonly #channels = new Map<number, ExtendedChannel>();
  readonly #firstChannel: NodeJS.Timeout;
  readonly #send = (message: MiningMessage): void => this.#connection.send(message);
  readonly #receive = (message: MiningMessage, tlvs: readonly Tlv[]): void => this.#handle(message, tlvs);

  constructor(connection: Sv2Connection<MiningMessage>, house: MiningHouse) {
    this.#connection = connection;
    this.#house = house;
    connection.onMessage = this.#receive;
    connection.onDrained = () => house.commits.flush();
    const { firstChannelMs } = house.policy;
    const words = `no channel was opened within ${firstChannelMs / 1000} s`;
    this.#firstChannel = setTimeout(() => connection.close(words), firstChannelMs);
    void connection.closed.then(() => {
      clearTimeout(this.#firstChannel);
      this.#close(GROUP_ID);
    });
  }

  close(reason: string): void {
    this.#connection.close(reason);
  }

  /** Tells all channels of a change of work. */
  deliver(number: number, update: WorkUpdate): void {
    for (const channel of this.#channels.values()) sendUpdate(channel, number, update, this.#send);
  }

  /** Moves the channels' targets where that is due; `now` in milliseconds. */
  adjust(now: number): void {
    for (const channel of this.#channels.values()) adjust(channel, this.#house, now, this.#send);
  }

  stored(channel: ExtendedChannel, sequenceNumber: number, k: number): void {
    this.#house.figures.accepted++;
    channel.vardiff.accepted(k);
    this.#house.acks.add(this, channel, sequenceNumber, k);
  }

  sendAck(channel: ExtendedChannel): void {
    const ack = channel.acks.take();
    if (ack && this.#channels.get(channel.id) === channel) {
      this.#send({ name: 'SubmitShares.Success', channel_id: channel.id, ...ack });
    }
  }

  #handle(message: MiningMessage, tlvs: readonly Tlv[]): void {
    switch (message.name) {
      case 'SubmitSharesExtended':
        this.#submit(message, tlvs);
        break;
      case 'OpenExtendedMiningChannel':
        this.#open(message, tlvs);
        break;
      case 'OpenStandardMiningChannel':
        this.#refuse(message.request_id, 'standard-channels-not-supported', message.user_identity);
        break;
      case 'UpdateChannel':
        this.#update(message);
        break;
      case 'CloseChannel':
        this.#close(message.channel_id);
        break;
      case 'SubmitSharesStandard':
        this.#reject(message.channel_id, message.sequence_number, 'invalid-channel-id');
        break;
      case 'SetCustomMiningJob': {
        const { channel_id, request_id } = message;
        this.#send({
          name: 'SetCustomMiningJob.Error',
          channel_id,
          request_id,
          error_code: 'jd-not-supported',
        });
        break;
      }
      case 'RequestExtensions':
        serveExtensions(this.#connection, message, EXTENSIONS);
        break;
      default:
        this.#house.log.debug({ remote: this.#connection.remote }, `ignored ${message.name}`);
    }
  }

  #submit(message: Message<'SubmitSharesExtended'>, tlvs: readonly Tlv[]): void {
    const channel = this.#channels.get(message.channel_id);
    const error = channel ? this.#take(channel, message, tlvs) : 'invalid-channel-id';
    if (error) this.#reject(message.channel_id, message.sequence_number, error);
    else if (this.#house.commits.full) this.#hold();
  }

  /** Hands a valid share to the store, a block to the chain before that, or says what is wrong. */
  #take(
    channel: ExtendedChannel,
    message: Message<'SubmitSharesExtended'>,
    tlvs: readonly Tlv[],
  ): ShareError | undefined {
    const { policy, hash, commits, events } = this.#house;
    const key = lockingKeyField(tlvs) ?? channel.lockingKey ?? policy.houseKey;
    const claim = { payee: key ? payeeTag(key) : 0, session: channel.session };
    const rules = { hash, now: Math.floor(Date.now() / 1000), versionMask: policy.versionMask };
    const { error, work, replay } = validateShare(channel.jobs, channel.rollableBytes, message, rules, claim);
    if (work?.isBlock) events.onBlock(work);
    if (error || !work) return error ?? 'invalid-share';
    if (!key || !this.#keys.isKey(key)) return 'invalid-ehash-key';
    if (replay) {
      commits.addReplay(this, channel, message.sequence_number, work.job.k);
    } else {
      work.job.live.tip.seen.add(work.hashLe, claim.payee, claim.session);
      commits.add(this, channel, message.sequence_number, work, key);
    }
    return undefined;
  }

  /** The store is behind: this client waits, and TCP tells it so. */
  #hold(): void {
    this.#connection.onMessage = undefined;
    this.#house.hold(() => {
      this.#connection.onMessage = this.#receive;
    });
    this.#house.commits.flush();
  }

  #open(message: Message<'OpenExtendedMiningChannel'>, tlvs: readonly Tlv[]): void {
    const { request_id, user_identity } = message;
    const keysWithShares = this.#connection.extensions.has(EHASH_EXTENSION);
    const channel =
      this.#channels.size >= MAX_CHANNELS_PER_CONNECTION
        ? 'too-many-channels'
        : openExtendedChannel(this.#house, message, tlvs, this.#ids, keysWithShares);
    if (typeof channel === 'string') {
      this.#refuse(request_id, channel, user_identity);
      return;
    }
    clearTimeout(this.#firstChannel);
    this.#channels.set(channel.id, channel);
    this.#count(1);
    const about = {
      remote: this.#connection.remote,
      channel: channel.id,
      user: user_identity,
      k: channel.vardiff.k,
    };
    this.#house.log.info(about, 'channel is open');
    this.#send(openSuccess(channel, request_id));
    sendFirstWork(channel, this.#house, this.#send);
  }

  #update(message: Message<'UpdateChannel'>): void {
    const { channel_id, nominal_hash_rate: nominalHashRate } = message;
    const channel = this.#channels.get(channel_id);
    const clientFloor = channel ? judgeUpdate(message, this.#house.range) : 'invalid-channel-id';
    if (!channel || typeof clientFloor === 'string') {
      this.#send({ name: 'UpdateChannel.Error', channel_id, error_code: String(clientFloor) });
      return;
    }
    follow(channel, this.#house, { nominalHashRate, clientFloor }, performance.now(), this.#send);
  }

  #close(channelId: number): void {
    const closing = channelId === GROUP_ID ? [...this.#channels.keys()] : [channelId];
    for (const id of closing) {
      const channel = this.#channels.get(id);
      if (!channel) continue;
      this.#channels.delete(id);
      this.#house.allocator.retire(channel.prefix);
      this.#count(-1);
    }
  }

  #count(change: number): void {
    this.#house.figures.channels += change;
    this.#house.events.onChannels?.(this.#house.figures.channels);
  }

  #refuse(request_id: number, error_code: string, user: string): void {
    this.#house.log.info({ remote: this.#connection.remote, user }, `channel refused: ${error_code}`);
    this.#send({ name: 'OpenMiningChannel.Error', request_id, error_code });
  }

  #reject(channel_id: number, sequence_number: number, error_code: ShareError): void {
    const about = { remote: this.#connection.remote, channel_id, sequence_number };
    this.#house.figures.rejected++;
    this.#house.events.onRejected?.(error_code);
    this.#house.log.debug(about, `share rejected: ${error_code}`);
    this.#send({ name: 'SubmitShares.Error', channel_id, sequence_number, error_code });
  }
}
