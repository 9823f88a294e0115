import type { PayoutRoom } from '../../domain/jobs/payouts.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import {
  type BlockState,
  type CoinbasePayouts,
  decodeBlockState,
  decodeCoinbasePayouts,
  decodeTerms,
  MAX_RECORDS_PER_SUBMIT,
  type Refusal,
  type ShownShare,
  type Terms,
  type WorkAck,
  type WorkLinkMessage,
} from '../../protocols/ehash/work-link.ts';
import { countWorkRecords } from '../../protocols/ehash/work-record.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import type { Log } from '../../runtime/sv2/log.ts';

/** Submissions under way without an answer. */
export const WINDOW = 8;
/** A mint that answers nothing for so long is not there: the link is made anew. */
const ACK_TIMEOUT_MS = 30_000;
/** So that a message stays below the link's frame cap, whatever their coinbases pay. */
const SHARES_SHOWN_AT_ONCE = 3;
/** Before the same shares are sent again to a mint that did not store them. */
const RETRY_MS = 1_000;

/** The pool's stored shares, numbered from 1. */
export interface WorkSource {
  readonly outboxId: Uint8Array;
  /** The last share that is durable here. */
  readonly lastSeq: number;
  /** The last share up to which the mint stored all. */
  readonly storedSeq: number;
  /** Packed records from `firstSeq` on: at least one where there is one, at most `limit`. */
  read(firstSeq: number, limit: number): Promise<Uint8Array>;
  /** Keeps what the mint answered. */
  acknowledged(ack: { storedSeq: number; backedUpSeq: number; refusals: readonly Refusal[] }): Promise<void>;
}

/** What the mint said of a submission. */
export interface WorkAnswer {
  readonly storedSeq: number;
  readonly refusals: readonly Refusal[];
  /** How many shares it had. */
  readonly count: number;
  /** How many of them wait, since the mint's node does not know the block that they build on. */
  readonly unplaced: number;
}

export interface PoolSessionEvents {
  readonly log: Log;
  onTerms(terms: Terms): Promise<void>;
  /** The server id that this pool has from now on, as long as the link is up and a while longer. */
  onLease?(serverId: number): Promise<void>;
  /** The mint does not let this pool in; it is asked again. */
  onRefused?(errorCode: string, reason: string): void;
  /** Shares `first` to `last` were sent, perhaps not for the first time. */
  onSent?(first: number, last: number): void;
  /** The mint has answered, and the source has kept that. */
  onAck?(ack: WorkAnswer): void;
  /** How a block of this pool stands, also where that is known; it may be a block of the pool's other servers. */
  onBlock?(block: BlockState): void;
  /** Shares that the pool's report is checked by: those of them that are here, each with its coinbase and path. */
  onShowShares?(hashesLe: readonly Uint8Array[]): Promise<readonly ShownShare[]>;
  /** What the mint is told that payouts may take in the coinbase; left out where the pool takes none. */
  readonly payoutRoom?: PayoutRoom | undefined;
  /** What coinbases on one tip are to pay, perhaps as it was told before. */
  onPayouts?(payouts: CoinbasePayouts): void;
}

/** The pool's end of an open link: sends what the mint has not stored, a window at a time. */
export class PoolSession {
  readonly #connection: Sv2Connection<WorkLinkMessage>;
  readonly #source: WorkSource;
  readonly #events: PoolSessionEvents;
  #ready = false;
  #next = 0;
  /** The last share up to which the mint has answered for all. */
  #stored = 0;
  /** Submissions without an answer, oldest first: answers come in their order. */
  readonly #underWay: { first: number; last: number }[] = [];
  #reading = false;
  /** An answer fell short: nothing is sent before all others are in, and then from there on. */
  #isShort = false;
  #timer: NodeJS.Timeout | undefined;
  #isShowing = false;

  constructor(connection: Sv2Connection<WorkLinkMessage>, source: WorkSource, events: PoolSessionEvents) {
    this.#connection = connection;
    this.#source = source;
    this.#events = events;
    connection.onMessage = (message) => this.#receive(message);
    void connection.closed.then(() => clearTimeout(this.#timer));
  }

  /** There are new shares. */
  wake(): void {
    if (!this.#ready || this.#reading || this.#isShort) return;
    this.#send().catch((error: unknown) => this.#fail(error));
  }

  #receive(message: WorkLinkMessage): void {
    if (message.name === 'Terms') {
      this.#events
        .onTerms(decodeTerms(message))
        .then(() => this.#begin())
        .catch((error: unknown) => this.#fail(error));
    } else if (message.name === 'WorkAck') {
      this.#acknowledge(message);
    } else if (message.name === 'BlockState') {
      const block = decodeBlockState(message);
      if (block) this.#events.onBlock?.(block);
    } else if (message.name === 'CoinbasePayouts') {
      this.#events.onPayouts?.(decodeCoinbasePayouts(message));
    } else if (message.name === 'ShowShares') {
      this.#show(message.shares).catch((error: unknown) => {
        this.#events.log.warn({ err: error }, 'shares of a report could not be shown');
      });
    } else if (message.name === 'ServerIdLease') {
      this.#events.onLease?.(message.server_id).catch((error: unknown) => this.#fail(error));
    } else if (message.name === 'WorkLinkRefused') {
      this.#events.onRefused?.(message.error_code, message.reason);
      this.#connection.close(`the mint refuses this pool: ${message.reason} (${message.error_code})`);
    } else {
      throw new HashpoolError('unexpected-message', `${message.name} is out of place on the work link`);
    }
  }

  /** One request at a time: the mint asks again for what it was not shown. */
  async #show(hashesLe: readonly Uint8Array[]): Promise<void> {
    if (this.#isShowing) return;
    this.#isShowing = true;
    try {
      const shares = (await this.#events.onShowShares?.(hashesLe)) ?? [];
      for (let i = 0; i < shares.length && this.#connection.isOpen; i += SHARES_SHOWN_AT_ONCE) {
        this.#connection.send({ name: 'ShownShares', shares: shares.slice(i, i + SHARES_SHOWN_AT_ONCE) });
      }
    } finally {
      this.#isShowing = false;
    }
  }

  /** The first terms open the link: an empty submission asks how far the mint has come. */
  #begin(): void {
    if (this.#ready || !this.#connection.isOpen) return;
    this.#ready = true;
    const { payoutRoom: room } = this.#events;
    if (room) this.#connection.send({ name: 'CoinbaseRoom', max_size: room.size, max_sigops: room.sigops });
    this.#stored = this.#source.storedSeq;
    this.#next = this.#stored + 1;
    this.#submit(new Uint8Array(0), 0);
    this.wake();
  }

  async #send(): Promise<void> {
    this.#reading = true;
    try {
      while (
        this.#connection.isOpen &&
        !this.#isShort &&
        this.#underWay.length < WINDOW &&
        this.#next <= this.#source.lastSeq
      ) {
        const first = this.#next;
        const records = await this.#source.read(first, MAX_RECORDS_PER_SUBMIT);
        const count = countWorkRecords(records);
        if (count === 0)
          throw new HashpoolError('outbox-gap', `the outbox has no share ${first}, the mint lacks it`);
        this.#submit(records, count);
        this.#events.onSent?.(first, first + count - 1);
      }
    } finally {
      this.#reading = false;
    }
  }

  #submit(records: Uint8Array, count: number): void {
    const first = this.#next;
    this.#next += count;
    this.#underWay.push({ first, last: this.#next - 1 });
    this.#expectAnswer();
    const { outboxId: outbox_id } = this.#source;
    this.#connection.send({ name: 'SubmitWork', outbox_id, first_seq: BigInt(first), records });
  }

  #acknowledge(ack: WorkAck): void {
    const answered = this.#underWay.shift();
    if (!equalBytes(ack.outbox_id, this.#source.outboxId) || !answered) {
      throw new HashpoolError(
        'unexpected-message',
        'a WorkAck came that answers no SubmitWork of this outbox',
      );
    }
    this.#expectAnswer();
    if (answered.first > answered.last) this.#warnOfOlderCopy(ack.stored_seq);
    const storedSeq = this.#storedBy(ack.stored_seq, answered);
    this.#stored = storedSeq;
    if (storedSeq < answered.last) this.#isShort = true;
    const { refusals, unplaced } = ack;
    const count = answered.last - answered.first + 1;
    this.#source
      .acknowledged({ storedSeq, backedUpSeq: atMost(ack.backed_up_seq, storedSeq), refusals })
      .then(() => {
        this.#events.onAck?.({ storedSeq, refusals, count, unplaced });
        this.#goOn();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /**
   * How far the mint has all. Its number alone doesn't say: where the outbox is an older copy, the mint knows higher
   * numbers from shares that this one does not hold. An answer covers its submission, if all before that is covered.
   */
  #storedBy(mintsSeq: bigint, { first, last }: { first: number; last: number }): number {
    return atMost(mintsSeq, first <= this.#stored + 1 ? last : this.#stored);
  }

  #warnOfOlderCopy(mintsSeq: bigint): void {
    const { lastSeq } = this.#source;
    if (mintsSeq <= BigInt(lastSeq)) return;
    const about = { alert: 'outbox-older', mint: String(mintsSeq), outbox: lastSeq };
    this.#events.log.warn(
      about,
      'the mint has more shares of this outbox than it holds: it is an older copy; all that it holds is sent',
    );
  }

  /** The mint may have less than was sent, after a restore or at a limit of its own: then it gets it again, after a rest. */
  #goOn(): void {
    if (!this.#isShort) {
      this.wake();
      return;
    }
    if (this.#underWay.length > 0 || this.#reading) return;
    this.#next = this.#stored + 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isShort = false;
      this.wake();
    }, RETRY_MS);
  }

  #expectAnswer(): void {
    clearTimeout(this.#timer);
    if (this.#underWay.length === 0) return;
    this.#timer = setTimeout(() => this.#connection.close('the mint does not answer'), ACK_TIMEOUT_MS);
  }

  #fail(error: unknown): void {
    this.#connection.close(error instanceof Error ? error.message : String(error));
  }
}

function atMost(seq: bigint, last: number): number {
  return seq < BigInt(last) ? Number(seq) : last;
}
