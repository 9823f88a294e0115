import { equalBytes } from '../../protocols/bytes.ts';
import { type HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { ActiveJob } from './active-job.ts';
import { JobBoard, type NewExtendedMiningJob, type SetNewPrevHash } from './job-board.ts';
import type { ChannelJournal } from './journal/journal.ts';
import type { JournalledShare } from './journal/lines.ts';
import {
  type Answered,
  MAX_PENDING_OF_SHARED,
  MAX_PENDING_SHARES,
  type PendingShare,
  PendingShares,
} from './pending-shares.ts';
import type { OpenRequest } from './session.ts';
import type { ShareOwner } from './share-owner.ts';

export type ChannelMessage = Extract<
  MiningMessage,
  {
    name:
      | 'NewExtendedMiningJob'
      | 'SetNewPrevHash'
      | 'SetTarget'
      | 'SetExtranoncePrefix'
      | 'SubmitShares.Success'
      | 'SubmitShares.Error'
      | 'UpdateChannel.Error'
      | 'CloseChannel'
      | 'SetCustomMiningJob.Success'
      | 'SetCustomMiningJob.Error';
  }
>;
type SetCustomMiningJob = Extract<MiningMessage, { name: 'SetCustomMiningJob' }>;
/** What a pool says to a job that its client made. */
export type CustomJobAnswer = Extract<
  MiningMessage,
  { name: 'SetCustomMiningJob.Success' | 'SetCustomMiningJob.Error' }
>;
export type OpenSuccess = Extract<MiningMessage, { name: 'OpenExtendedMiningChannel.Success' }>;

/** Who opened a channel, told of what happens on it in the order in which it comes. */
export interface ChannelOwner<C = MiningChannel> {
  /** Once, and again where another channel took the place of one that could not be resumed after a cut. */
  opened(channel: C): void;
  /** The pool refused to open, or did not answer. */
  refused(error: HashpoolError): void;
  /** @param extranoncePrefix the channel's, for this job and those after it */
  job(job: ActiveJob, extranoncePrefix: Uint8Array): void;
  /** The pool's word on a job of ours; for who makes jobs. */
  customJob?(answer: CustomJobAnswer): void;
  /** The target of jobs to come is another one; for who makes jobs. */
  target?(targetLe: Uint8Array): void;
  /** The link was cut and is back, and the channel goes on as it was. */
  resumed?(): void;
  /** The pool closed the channel, or the link is gone and the channel not resumable, or not in time. */
  closed(reason: string): void;
}

/** A share as the channel takes it. */
export interface Share {
  readonly jobId: number;
  readonly version: number;
  readonly ntime: number;
  readonly nonce: number;
  /** The bytes after the channel's prefix, exactly `extranonceSize` of them. */
  readonly extranonce: Uint8Array;
}

/** How a channel says something to the pool; the session knows which extensions were agreed on. */
export interface ChannelWire {
  send(message: MiningMessage): void;
  /** The channel is closed: nothing is delivered to it any more. */
  forget(channel: MiningChannel): void;
  sendWish(message: Extract<MiningMessage, { name: 'UpdateChannel' }>, wish: ChannelWish): void;
  sendShare(message: Extract<MiningMessage, { name: 'SubmitSharesExtended' }>, owner: ShareOwner): void;
}

/** What a miner is like and wants, as the pool is told at the opening and afterwards. */
export type ChannelWish = Pick<OpenRequest, 'nominalHashRate' | 'maximumTargetLe' | 'isFixed' | 'miners'>;

type PendingSubmit = PendingShare & JournalledShare;

/** What a channel is, as the pool's answer to its opening has it. */
export type ChannelTerms = Pick<
  OpenSuccess,
  'channel_id' | 'group_channel_id' | 'target' | 'extranonce_size' | 'extranonce_prefix'
>;

export interface MiningChannelOptions {
  readonly success: ChannelTerms;
  /** What it was opened with, to be opened so again after a cut. */
  readonly request: OpenRequest;
  /** Undefined for a channel that was left already: one of an earlier process, of which the journal knows. */
  readonly owner: ChannelOwner | undefined;
  /** Undefined where the link is cut. */
  readonly wire: ChannelWire | undefined;
  readonly isResumable: boolean;
  /** Keeps the shares that wait, where the channel can be resumed. */
  readonly journal: ChannelJournal | undefined;
  /** Milliseconds for which a cut channel waits to be resumed, and a left one for its last answers. */
  readonly resumeLimitMs: number;
  readonly log: Logger;
}

/**
 * The client's end of one extended channel. A cut link does not end it where it can be resumed: its shares wait, those
 * submitted meanwhile too, and are answered by the pool's word when the link is back.
 */
export class MiningChannel {
  /** Bytes that its owner may roll, after the prefix. */
  readonly extranonceSize: number;
  /** Whether the pool gives it back after a cut: then shares without an answer are sent again. */
  readonly isResumable: boolean;
  id: number;
  groupId: number;
  readonly #resumeLimitMs: number;
  readonly #log: Logger;
  readonly #board: JobBoard;
  readonly #pending: PendingShares<PendingSubmit>;
  readonly #journal: ChannelJournal | undefined;
  #owner: ChannelOwner | undefined;
  #request: OpenRequest;
  /** Undefined while the link is cut. */
  #wire: ChannelWire | undefined;
  #isOpen = true;
  /** Why nobody mines on it any more. */
  #leaving: string | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** When the pool was last asked or heard of a share, in milliseconds. */
  #waitsSince = 0;

  constructor(options: MiningChannelOptions) {
    const { success, request, owner, wire, journal, resumeLimitMs, log } = options;
    this.isResumable = options.isResumable;
    this.id = success.channel_id;
    this.extranonceSize = success.extranonce_size;
    this.groupId = success.group_channel_id;
    this.#owner = owner;
    this.#journal = journal;
    const most = request.miners === undefined ? MAX_PENDING_SHARES : MAX_PENDING_OF_SHARED;
    this.#pending = new PendingShares((sequence) => journal?.done(sequence), most);
    journal?.follow(this.#pending);
    this.#request = request;
    this.#wire = wire;
    this.#resumeLimitMs = resumeLimitMs;
    this.#log = log;
    this.#board = new JobBoard(success.target, success.extranonce_prefix);
    if (owner === undefined) this.#leaving = 'left-before';
  }

  get extranoncePrefix(): Uint8Array {
    return this.#board.extranoncePrefix;
  }

  /** The target of jobs to come, 32 bytes little-endian. */
  get targetLe(): Uint8Array {
    return this.#board.targetLe;
  }

  get pendingShares(): number {
    return this.#pending.size;
  }

  /** Who is told of it; undefined once it was left. */
  get owner(): ChannelOwner | undefined {
    return this.#owner;
  }

  /** What to open the channel with where it is opened again. */
  get request(): OpenRequest {
    return this.#request;
  }

  /** True while the link is cut and the channel waits to be resumed. */
  get isCut(): boolean {
    return this.#isOpen && this.#wire === undefined;
  }

  /** Milliseconds for which shares have waited without the pool answering any; 0 where none waits. */
  waited(now: number): number {
    return this.#pending.size === 0 ? 0 : now - this.#waitsSince;
  }

  /**
   * Submits a share. While the link is cut it waits.
   * @param answered told what the pool answers, or 'lost' when it cannot any more
   */
  submit(share: Share, owner: ShareOwner, answered: Answered): void {
    if (!this.#isOpen) {
      answered({ kind: 'lost', reason: 'the channel is closed' });
      return;
    }
    if (this.#pending.isFull || this.#journal?.isFull) {
      answered({ kind: 'lost', reason: 'too many shares wait for the pool' });
      return;
    }
    if (this.#pending.size === 0) this.#waitsSince = performance.now();
    const submit = { sequence: this.#pending.next, share, owner, answered };
    this.#pending.add(submit);
    this.#journal?.add(submit);
    this.#send(submit);
  }

  /** A share that an earlier process left in the journal, to be sent again when the channel is resumed. */
  restore(sequence: number, share: Share, owner: ShareOwner, answered: Answered): void {
    this.#pending.add({ sequence, share, owner, answered });
  }

  /** Tells the pool how fast the miner is and the easiest target it wants; the pool answers with SetTarget. */
  update(wish: ChannelWish): void {
    if (!this.#isOpen) return;
    this.#request = { ...this.#request, ...wish };
    const message = {
      name: 'UpdateChannel',
      channel_id: this.id,
      nominal_hash_rate: wish.nominalHashRate,
      maximum_target: wish.maximumTargetLe,
    } as const;
    this.#wire?.sendWish(message, wish);
  }

  /** Brings the pool a job of ours; its answer goes to the owner. While the link is cut nothing is sent. */
  setCustomJob(job: Omit<SetCustomMiningJob, 'name' | 'channel_id'>): void {
    if (this.#isOpen) this.#wire?.send({ name: 'SetCustomMiningJob', channel_id: this.id, ...job });
  }

  /** Closes the channel from our end. Its owner is told nothing more; shares that wait are lost. */
  close(reason: string): void {
    if (!this.#isOpen) return;
    this.#owner = undefined;
    this.#wire?.send({ name: 'CloseChannel', channel_id: this.id, reason_code: reason });
    this.#end(reason);
  }

  /**
   * Nobody mines on the channel any more. Its owner is told nothing more; shares that wait are still answered, over a
   * cut link too, and then it is closed.
   */
  leave(reason: string): void {
    if (!this.#isOpen || this.#leaving !== undefined) return;
    this.#owner = undefined;
    this.#leaving = reason;
    this.#deadline ??= setTimeout(() => this.close(reason), this.#resumeLimitMs);
    this.#closeIfLeft();
  }

  /** The channel is gone: for the session alone. */
  lost(reason: string): void {
    if (!this.#isOpen) return;
    this.#end(reason);
    this.#owner?.closed(reason);
  }

  /** The link is gone, and the channel waits to be resumed: for the session alone. */
  cut(reason: string): void {
    this.#wire = undefined;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.lost(reason), this.#resumeLimitMs);
    this.#closeIfLeft();
  }

  /**
   * The pool answered an opening with this channel's token: for the session alone. Shares without an answer are sent
   * again where it is the same channel still, and are stale where it is not.
   * @returns false where the pool gave another channel, and this one is over
   */
  resume(success: OpenSuccess, wire: ChannelWire): boolean {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    const isSameSize = success.extranonce_size === this.extranonceSize;
    if (!isSameSize || !equalBytes(success.extranonce_prefix, this.extranoncePrefix)) {
      this.#isOpen = false;
      this.#logUnpaid('shares are stale: the pool has their channel no more');
      this.#pending.answerAll({ kind: 'refused', code: 'stale-share' });
      return false;
    }
    this.id = success.channel_id;
    this.groupId = success.group_channel_id;
    this.#wire = wire;
    this.#board.setTarget(success.target);
    this.#waitsSince = performance.now();
    for (const submit of [...this.#pending]) this.#send(submit);
    if (this.#leaving !== undefined) {
      const reason = this.#leaving;
      this.#deadline = setTimeout(() => this.close(reason), this.#resumeLimitMs);
      this.#closeIfLeft();
    }
    this.#owner?.resumed?.();
    return true;
  }

  /**
   * A message of the pool for this channel or its group: for the session alone.
   * @param ofGroup the job that a prev hash names, where the group was sent it
   */
  take(message: ChannelMessage, ofGroup?: NewExtendedMiningJob): void {
    switch (message.name) {
      case 'NewExtendedMiningJob':
      case 'SetNewPrevHash':
        this.#activate(message, ofGroup);
        break;
      case 'SetTarget':
        this.#board.setTarget(message.maximum_target);
        this.#owner?.target?.(message.maximum_target);
        break;
      case 'SetCustomMiningJob.Success':
      case 'SetCustomMiningJob.Error':
        this.#owner?.customJob?.(message);
        break;
      case 'SetExtranoncePrefix':
        this.#takePrefix(message.extranonce_prefix);
        break;
      case 'SubmitShares.Success':
        this.#accept(message.last_sequence_number, message.new_submits_accepted_count);
        break;
      case 'SubmitShares.Error':
        this.#refuse(message.sequence_number, message.error_code);
        break;
      case 'UpdateChannel.Error':
        this.#log.warn({ channel: this.id, code: message.error_code }, 'the pool refused the new difficulty');
        break;
      case 'CloseChannel':
        this.lost(`the pool closed the channel: ${message.reason_code}`);
        break;
    }
  }

  #activate(message: NewExtendedMiningJob | SetNewPrevHash, ofGroup?: NewExtendedMiningJob): void {
    const board = this.#board;
    let job: ActiveJob | undefined;
    try {
      job = message.name === 'SetNewPrevHash' ? board.setPrevHash(message, ofGroup) : board.addJob(message);
    } catch (error) {
      this.#log.warn({ channel: this.id }, `a job of the pool is unusable: ${messageOf(error)}`);
      return;
    }
    if (job !== undefined) this.#owner?.job(job, board.extranoncePrefix);
  }

  #takePrefix(prefix: Uint8Array): void {
    if (prefix.length !== this.extranoncePrefix.length) {
      const owner = this.#owner;
      this.close('wrong-extranonce-size');
      owner?.closed('the pool changed the size of the extranonce prefix');
      return;
    }
    this.#board.setExtranoncePrefix(prefix);
  }

  #accept(lastSequence: number, count: number): void {
    this.#waitsSince = performance.now();
    const covered = this.#pending.accept(lastSequence);
    if (covered !== count) {
      this.#log.debug({ channel: this.id, covered, count }, 'the pool counts accepted shares differently');
    }
    this.#closeIfLeft();
  }

  #refuse(sequence: number, code: string): void {
    this.#waitsSince = performance.now();
    if (!this.#pending.refuse(sequence, code)) {
      this.#log.warn({ channel: this.id, sequence, code }, 'the pool refused a share that does not wait');
    }
    this.#closeIfLeft();
  }

  /** There is nothing more to come on a channel that was left. */
  #closeIfLeft(): void {
    if (this.#leaving !== undefined && this.#pending.size === 0) this.close(this.#leaving);
  }

  #send({ sequence: sequence_number, share, owner }: JournalledShare): void {
    const { jobId: job_id, version, ntime, nonce, extranonce } = share;
    const name = 'SubmitSharesExtended';
    const channel_id = this.id;
    const message = { name, channel_id, sequence_number, job_id, nonce, ntime, version, extranonce } as const;
    this.#wire?.sendShare(message, owner);
  }

  #logUnpaid(words: string): void {
    const shares = this.#pending.size;
    if (shares > 0) this.#log.warn({ channel: this.id, shares }, words);
  }

  #end(reason: string): void {
    this.#isOpen = false;
    clearTimeout(this.#deadline);
    this.#wire?.forget(this);
    this.#logUnpaid(`shares got no answer: ${reason}`);
    this.#pending.answerAll({ kind: 'lost', reason });
  }
}
