import { setTimeout as delay } from 'node:timers/promises';
import { encodeHeader, headerHashLe } from '../../protocols/bitcoin/header.ts';
import { meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { concatBytes, reversed, toHex } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { negotiateExtensions } from '../../runtime/sv2/extensions.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { PATIENCE_MS } from './patience.ts';

const NO_GROUP = 0;
const POLL_MS = 2;
/** Hashes after which a share is looked for no longer, a minute of them: while it looks the process does nothing else. */
const MAX_TRIES = 2 ** 24;

export type MessageNamed<N extends MiningMessage['name']> = Extract<MiningMessage, { name: N }>;
export type Share = Omit<MessageNamed<'SubmitSharesExtended'>, 'name' | 'channel_id' | 'sequence_number'>;

/** A channel as it was opened; a standard one has no extranonce to roll. */
export type Opened =
  | MessageNamed<'OpenExtendedMiningChannel.Success'>
  | MessageNamed<'OpenStandardMiningChannel.Success'>;
type Job = MessageNamed<'NewExtendedMiningJob'> | MessageNamed<'NewMiningJob'>;

export interface RawMinerOptions {
  readonly host: string;
  readonly port: number;
  readonly authorityKey: Uint8Array;
  readonly workers: HandshakeWorkers;
  readonly extensions?: readonly number[];
  readonly flags?: number;
}

/** A Stratum V2 client that does what the test says, message by message. */
export class RawMiner {
  readonly connection: Sv2Connection<MiningMessage>;
  /** All that came, in order. */
  readonly received: MiningMessage[] = [];
  readonly hash: Hash;
  #sequence = 0;
  #requestId = 0;

  private constructor(connection: Sv2Connection<MiningMessage>, hash: Hash) {
    this.connection = connection;
    this.hash = hash;
    connection.onMessage = (message) => void this.received.push(message);
  }

  static async connect(options: RawMinerOptions): Promise<RawMiner> {
    const connection = await connectSv2({
      ...options,
      protocol: miningProtocol,
      setup: { protocol: MINING_PROTOCOL, flags: options.flags ?? 0 },
      frameCap: 64 * 1024,
      log: createLog('raw miner', 'silent'),
    });
    if (options.extensions) await negotiateExtensions(connection, options.extensions);
    return new RawMiner(connection, (await loadCrypto()).hash);
  }

  send(message: MiningMessage, tlvs?: readonly Tlv[]): void {
    this.connection.send(message, tlvs);
  }

  /** The first message of one of these names from `from` on that fits, waited for. */
  async next<N extends MiningMessage['name']>(
    names: N | readonly N[],
    fits: (message: MessageNamed<N>) => boolean = () => true,
    from = 0,
  ): Promise<MessageNamed<N>> {
    const wanted: readonly string[] = [names].flat();
    const isIt = (message: MiningMessage): message is MessageNamed<N> =>
      wanted.includes(message.name) && fits(message as MessageNamed<N>);
    for (const end = performance.now() + PATIENCE_MS; ; await delay(POLL_MS)) {
      const found = this.received.slice(from).find(isIt);
      if (found) return found;
      if (performance.now() > end || !this.connection.isOpen) {
        const came = this.received.map((message) => JSON.stringify(message, plain));
        throw new Error(`no ${wanted.join(' or ')}; came:\n${came.join('\n')}`);
      }
    }
  }

  /** Asks for a channel; resolves with the answer, whichever. */
  async ask(
    wish: Partial<MessageNamed<'OpenExtendedMiningChannel'>> = {},
    tlvs: readonly Tlv[] = [],
  ): Promise<MessageNamed<'OpenExtendedMiningChannel.Success'> | MessageNamed<'OpenMiningChannel.Error'>> {
    const request_id = ++this.#requestId;
    this.send(
      {
        name: 'OpenExtendedMiningChannel',
        user_identity: 'test',
        nominal_hash_rate: 0,
        max_target: new Uint8Array(32).fill(255),
        min_extranonce_size: 4,
        ...wish,
        request_id,
      },
      tlvs,
    );
    return this.next(
      ['OpenExtendedMiningChannel.Success', 'OpenMiningChannel.Error'],
      (message) => message.request_id === request_id,
    );
  }

  /** Asks for a standard channel; resolves with the answer, whichever. */
  async askStandard(
    wish: Partial<MessageNamed<'OpenStandardMiningChannel'>> = {},
    tlvs: readonly Tlv[] = [],
  ): Promise<MessageNamed<'OpenStandardMiningChannel.Success'> | MessageNamed<'OpenMiningChannel.Error'>> {
    const request_id = ++this.#requestId;
    this.send(
      {
        name: 'OpenStandardMiningChannel',
        user_identity: 'test',
        nominal_hash_rate: 0,
        max_target: new Uint8Array(32).fill(255),
        ...wish,
        request_id,
      },
      tlvs,
    );
    return this.next(
      ['OpenStandardMiningChannel.Success', 'OpenMiningChannel.Error'],
      (message) => message.request_id === request_id,
    );
  }

  /** Opens a standard channel and waits for its first work. */
  async openStandard(
    wish: Partial<MessageNamed<'OpenStandardMiningChannel'>> = {},
    tlvs: readonly Tlv[] = [],
  ): Promise<RawChannel> {
    return this.#channel(await this.askStandard(wish, tlvs));
  }

  /** Opens an extended channel and waits for its first work. */
  async open(
    wish: Partial<MessageNamed<'OpenExtendedMiningChannel'>> = {},
    tlvs: readonly Tlv[] = [],
  ): Promise<RawChannel> {
    return this.#channel(await this.ask(wish, tlvs));
  }

  async #channel(answer: Opened | MessageNamed<'OpenMiningChannel.Error'>): Promise<RawChannel> {
    if (answer.name === 'OpenMiningChannel.Error') throw new Error(answer.error_code);
    await this.next('SetNewPrevHash', ({ channel_id }) => channel_id === answer.channel_id);
    return new RawChannel(this, answer);
  }

  nextSequence(): number {
    return this.#sequence++;
  }
}

/** A channel of a {@link RawMiner}. */
export class RawChannel {
  readonly miner: RawMiner;
  readonly id: number;
  readonly #firstGroup: number;
  readonly isStandard: boolean;
  readonly extranonceSize: number;
  #firstTarget: Uint8Array;
  #firstPrefix: Uint8Array;
  #nonce = 0;

  constructor(miner: RawMiner, opened: Opened) {
    this.miner = miner;
    this.id = opened.channel_id;
    this.#firstGroup = opened.group_channel_id;
    this.isStandard = opened.name === 'OpenStandardMiningChannel.Success';
    this.extranonceSize = 'extranonce_size' in opened ? opened.extranonce_size : 0;
    this.#firstPrefix = opened.extranonce_prefix;
    this.#firstTarget = opened.target;
  }

  /** The group that it is in. */
  get groupId(): number {
    return this.#groupAt(this.miner.received.length);
  }

  /** The extranonce prefix of jobs to come. */
  get prefix(): Uint8Array {
    return this.#last('SetExtranoncePrefix')?.extranonce_prefix ?? this.#firstPrefix;
  }

  /** The target that was told last. */
  get target(): Uint8Array {
    return this.#last('SetTarget')?.maximum_target ?? this.#firstTarget;
  }

  /** The extended job to mine: the newest on the newest tip. */
  get job(): MessageNamed<'NewExtendedMiningJob'> {
    const { work } = this;
    if (work.name === 'NewMiningJob') throw new Error('the job is a standard one');
    return work;
  }

  /** The job to mine, of either kind. */
  get work(): Job {
    const tip = this.prevHash;
    const current = this.#lastJob(({ min_ntime }) => min_ntime !== null);
    const isOnTip = current && this.miner.received.indexOf(current) > this.miner.received.indexOf(tip);
    const job = isOnTip ? current : this.#lastJob(({ job_id }) => job_id === tip.job_id);
    if (!job) throw new Error('no job');
    return job;
  }

  get prevHash(): MessageNamed<'SetNewPrevHash'> {
    const tip = this.#last('SetNewPrevHash');
    if (!tip) throw new Error('no prev hash');
    return tip;
  }

  /** Finds a share by trying nonces until its hash fits. @throws where that would take a test's whole time */
  mine(
    fits: (hashLe: Uint8Array) => boolean = (hashLe) => meetsTargetLe(hashLe, this.target),
    changes: Partial<Share> = {},
  ): Share {
    const { work: job, prevHash } = this;
    const base = {
      job_id: job.job_id,
      ntime: prevHash.min_ntime,
      version: job.version,
      extranonce: new Uint8Array(this.extranonceSize),
      ...changes,
    };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const share = { ...base, nonce: this.#nonce++ };
      if (fits(this.hashOf(share))) return share;
    }
    throw new Error(`no share in ${MAX_TRIES} hashes at target ${toHex(reversed(this.target))}`);
  }

  /** Header hash of a share on its job, 32 bytes. */
  hashOf(share: Share): Uint8Array {
    return this.proof(share).hashLe;
  }

  proof(share: Share): { header: Uint8Array; hashLe: Uint8Array } {
    const job = this.#lastJob(({ job_id }) => job_id === share.job_id) ?? this.work;
    const { prev_hash: prevHashLe, nbits } = this.prevHash;
    const { version, ntime: time, nonce } = share;
    if (job.name === 'NewMiningJob') {
      const merkleRootLe = job.merkle_root;
      const fields = { version, prevHashLe, merkleRootLe, time, bits: nbits, nonce };
      return { header: encodeHeader(fields), hashLe: headerHashLe(fields) };
    }
    return this.miner.hash.shareHeader(
      {
        coinbasePrefix: job.coinbase_tx_prefix,
        coinbaseSuffix: job.coinbase_tx_suffix,
        merklePath: job.merkle_path,
        prevHashLe,
        nbits,
      },
      { ...share, extranonce: concatBytes(this.#prefixOf(job), share.extranonce) },
    );
  }

  /** Submits a share without waiting; returns its sequence number. */
  push(share: Share, tlvs?: readonly Tlv[]): number {
    const sequence_number = this.miner.nextSequence();
    const about = { channel_id: this.id, sequence_number };
    if (this.isStandard) {
      const { extranonce: _, ...fields } = share;
      this.miner.send({ name: 'SubmitSharesStandard', ...about, ...fields });
    } else {
      this.miner.send({ name: 'SubmitSharesExtended', ...about, ...share }, tlvs);
    }
    return sequence_number;
  }

  /** Submits a share; resolves with 'accepted' or the error code. */
  async submit(share: Share, tlvs?: readonly Tlv[]): Promise<string> {
    const from = this.miner.received.length;
    const sequence = this.push(share, tlvs);
    const answer = await this.miner.next(
      ['SubmitShares.Success', 'SubmitShares.Error'],
      (message) => message.channel_id === this.id && answers(message, sequence),
      from,
    );
    return answer.name === 'SubmitShares.Error' ? answer.error_code : 'accepted';
  }

  /** The prefix that was told before the job was. */
  #prefixOf(job: Job): Uint8Array {
    const before = this.miner.received.slice(0, this.miner.received.indexOf(job));
    const isIt = (message: MiningMessage): message is MessageNamed<'SetExtranoncePrefix'> =>
      message.name === 'SetExtranoncePrefix' && message.channel_id === this.id;
    return before.findLast(isIt)?.extranonce_prefix ?? this.#firstPrefix;
  }

  #lastJob(fits: (job: Job) => boolean): Job | undefined {
    return this.#last(['NewExtendedMiningJob', 'NewMiningJob'], fits);
  }

  /** The group that it was in when message number `index` came. */
  #groupAt(index: number): number {
    const isIt = (message: MiningMessage): message is MessageNamed<'SetGroupChannel'> =>
      message.name === 'SetGroupChannel' && message.channel_ids.includes(this.id);
    return this.miner.received.slice(0, index).findLast(isIt)?.group_channel_id ?? this.#firstGroup;
  }

  /** The last message of that name to the channel or to the group that it was in then. */
  #last<N extends MiningMessage['name']>(
    names: N | readonly N[],
    fits: (message: MessageNamed<N>) => boolean = () => true,
  ): MessageNamed<N> | undefined {
    const wanted: readonly string[] = [names].flat();
    const isToGroup = (id: number, at: number) => id !== NO_GROUP && id === this.#groupAt(at);
    const isIt = (message: MiningMessage): message is MessageNamed<N> =>
      wanted.includes(message.name) &&
      'channel_id' in message &&
      (message.channel_id === this.id ||
        isToGroup(message.channel_id, this.miner.received.indexOf(message))) &&
      fits(message as MessageNamed<N>);
    return this.miner.received.findLast(isIt);
  }
}

/** An acknowledgement stands for all accepted shares up to its number, an error for one. */
function answers(
  message: MessageNamed<'SubmitShares.Success'> | MessageNamed<'SubmitShares.Error'>,
  sequence: number,
): boolean {
  return message.name === 'SubmitShares.Error'
    ? message.sequence_number === sequence
    : message.last_sequence_number >= sequence;
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
