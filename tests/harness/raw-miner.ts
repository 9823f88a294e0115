import { setTimeout as delay } from 'node:timers/promises';
import { meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { concatBytes } from '../../protocols/bytes.ts';
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

const WAIT_LIMIT_MS = 10_000;
const POLL_MS = 2;

export type MessageNamed<N extends MiningMessage['name']> = Extract<MiningMessage, { name: N }>;
export type Share = Omit<MessageNamed<'SubmitSharesExtended'>, 'name' | 'channel_id' | 'sequence_number'>;

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
    for (const end = performance.now() + WAIT_LIMIT_MS; ; await delay(POLL_MS)) {
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

  /** Opens a channel and waits for its first work. */
  async open(
    wish: Partial<MessageNamed<'OpenExtendedMiningChannel'>> = {},
    tlvs: readonly Tlv[] = [],
  ): Promise<RawChannel> {
    const answer = await this.ask(wish, tlvs);
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
  readonly prefix: Uint8Array;
  readonly extranonceSize: number;
  #firstTarget: Uint8Array;
  #nonce = 0;

  constructor(miner: RawMiner, opened: MessageNamed<'OpenExtendedMiningChannel.Success'>) {
    this.miner = miner;
    this.id = opened.channel_id;
    this.prefix = opened.extranonce_prefix;
    this.extranonceSize = opened.extranonce_size;
    this.#firstTarget = opened.target;
  }

  /** The target that was told last. */
  get target(): Uint8Array {
    return this.#last('SetTarget')?.maximum_target ?? this.#firstTarget;
  }

  /** The job to mine: the newest on the newest tip. */
  get job(): MessageNamed<'NewExtendedMiningJob'> {
    const tip = this.prevHash;
    const current = this.#last('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    const isOnTip = current && this.miner.received.indexOf(current) > this.miner.received.indexOf(tip);
    const job = isOnTip ? current : this.#last('NewExtendedMiningJob', ({ job_id }) => job_id === tip.job_id);
    if (!job) throw new Error('no job');
    return job;
  }

  get prevHash(): MessageNamed<'SetNewPrevHash'> {
    const tip = this.#last('SetNewPrevHash');
    if (!tip) throw new Error('no prev hash');
    return tip;
  }

  /** Finds a share by trying nonces until its hash fits. */
  mine(
    fits: (hashLe: Uint8Array) => boolean = (hashLe) => meetsTargetLe(hashLe, this.target),
    changes: Partial<Share> = {},
  ): Share {
    const { job, prevHash } = this;
    const base = {
      job_id: job.job_id,
      ntime: prevHash.min_ntime,
      version: job.version,
      extranonce: new Uint8Array(this.extranonceSize),
      ...changes,
    };
    for (;;) {
      const share = { ...base, nonce: this.#nonce++ };
      if (fits(this.hashOf(share))) return share;
    }
  }

  /** Header hash of a share on its job, 32 bytes. */
  hashOf(share: Share): Uint8Array {
    return this.proof(share).hashLe;
  }

  proof(share: Share): { header: Uint8Array; hashLe: Uint8Array } {
    const job = this.#last('NewExtendedMiningJob', ({ job_id }) => job_id === share.job_id) ?? this.job;
    return this.miner.hash.shareHeader(
      {
        coinbasePrefix: job.coinbase_tx_prefix,
        coinbaseSuffix: job.coinbase_tx_suffix,
        merklePath: job.merkle_path,
        prevHashLe: this.prevHash.prev_hash,
        nbits: this.prevHash.nbits,
      },
      { ...share, extranonce: concatBytes(this.prefix, share.extranonce) },
    );
  }

  /** Submits a share without waiting; returns its sequence number. */
  push(share: Share, tlvs?: readonly Tlv[]): number {
    const sequence_number = this.miner.nextSequence();
    this.miner.send({ name: 'SubmitSharesExtended', channel_id: this.id, sequence_number, ...share }, tlvs);
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

  #last<N extends MiningMessage['name']>(
    name: N,
    fits: (message: MessageNamed<N>) => boolean = () => true,
  ): MessageNamed<N> | undefined {
    const isIt = (message: MiningMessage): message is MessageNamed<N> =>
      message.name === name &&
      'channel_id' in message &&
      message.channel_id === this.id &&
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
