import { equalBytes } from '../../protocols/bytes.ts';
import {
  decodeTerms,
  MAX_RECORDS_PER_SUBMIT,
  type Refusal,
  type Terms,
  type WorkAck,
  type WorkLinkMessage,
} from '../../protocols/ehash/work-link.ts';
import { countWorkRecords } from '../../protocols/ehash/work-record.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';

/** Submissions under way without an answer. */
export const WINDOW = 8;
/** A mint that answers nothing for so long is not there: the link is made anew. */
const ACK_TIMEOUT_MS = 30_000;
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

export interface PoolSessionEvents {
  onTerms(terms: Terms): Promise<void>;
  /** Shares `first` to `last` were sent, perhaps not for the first time. */
  onSent?(first: number, last: number): void;
  onAck?(ack: { storedSeq: number; refusals: readonly Refusal[] }): void;
}

/** The pool's end of an open link: sends what the mint has not stored, a window at a time. */
export class PoolSession {
  readonly #connection: Sv2Connection<WorkLinkMessage>;
  readonly #source: WorkSource;
  readonly #events: PoolSessionEvents;
  #ready = false;
  #next = 0;
  #underWay = 0;
  #reading = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Sv2Connection<WorkLinkMessage>, source: WorkSource, events: PoolSessionEvents) {
    this.#connection = connection;
    this.#source = source;
    this.#events = events;
    connection.onMessage = (message) => this.#receive(message);
    void connection.closed.then(() => clearTimeout(this.#timer));
  }

  /** There are new shares. */
  wake(): void {
    if (!this.#ready || this.#reading) return;
    this.#reading = true;
    this.#send()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#reading = false;
      });
  }

  #receive(message: WorkLinkMessage): void {
    if (message.name === 'Terms') {
      this.#events
        .onTerms(decodeTerms(message))
        .then(() => this.#begin())
        .catch((error: unknown) => this.#fail(error));
    } else if (message.name === 'WorkAck') {
      this.#acknowledge(message);
    } else if (message.name === 'WorkLinkRefused') {
      this.#connection.close(`the mint refuses this pool: ${message.reason} (${message.error_code})`);
    } else {
      throw new HashpoolError('unexpected-message', `${message.name} is out of place on the work link`);
    }
  }

  /** The first terms open the link: an empty submission asks how far the mint has come. */
  #begin(): void {
    if (this.#ready || !this.#connection.isOpen) return;
    this.#ready = true;
    this.#next = this.#source.storedSeq + 1;
    this.#submit(new Uint8Array(0));
    this.wake();
  }

  async #send(): Promise<void> {
    while (this.#connection.isOpen && this.#underWay < WINDOW && this.#next <= this.#source.lastSeq) {
      const first = this.#next;
      const records = await this.#source.read(first, MAX_RECORDS_PER_SUBMIT);
      const count = countWorkRecords(records);
      if (count === 0)
        throw new HashpoolError('outbox-gap', `the outbox has no share ${first}, the mint lacks it`);
      if (first !== this.#next) continue;
      this.#submit(records);
      this.#next += count;
      this.#events.onSent?.(first, first + count - 1);
    }
  }

  #submit(records: Uint8Array): void {
    this.#underWay++;
    this.#expectAnswer();
    const { outboxId: outbox_id } = this.#source;
    this.#connection.send({ name: 'SubmitWork', outbox_id, first_seq: BigInt(this.#next), records });
  }

  #acknowledge(ack: WorkAck): void {
    if (!equalBytes(ack.outbox_id, this.#source.outboxId) || this.#underWay === 0) {
      throw new HashpoolError(
        'unexpected-message',
        'a WorkAck came that answers no SubmitWork of this outbox',
      );
    }
    this.#underWay--;
    this.#expectAnswer();
    const storedSeq = checkedSeq(ack.stored_seq, this.#source.lastSeq);
    const backedUpSeq = checkedSeq(ack.backed_up_seq, storedSeq);
    const { refusals } = ack;
    this.#events.onAck?.({ storedSeq, refusals });
    this.#source
      .acknowledged({ storedSeq, backedUpSeq, refusals })
      .then(() => this.#goOnFrom(storedSeq + 1))
      .catch((error: unknown) => this.#fail(error));
  }

  /** The mint may have less than was sent, after a restore or at a limit of its own: then it gets it again. */
  #goOnFrom(wanted: number): void {
    const nothingUnderWay = this.#underWay === 0 && !this.#reading;
    if (nothingUnderWay && wanted < this.#next) {
      this.#next = wanted;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.wake(), RETRY_MS);
      return;
    }
    if (wanted > this.#next) this.#next = wanted;
    this.wake();
  }

  #expectAnswer(): void {
    clearTimeout(this.#timer);
    if (this.#underWay === 0) return;
    this.#timer = setTimeout(() => this.#connection.close('the mint does not answer'), ACK_TIMEOUT_MS);
  }

  #fail(error: unknown): void {
    this.#connection.close(error instanceof Error ? error.message : String(error));
  }
}

function checkedSeq(seq: bigint, last: number): number {
  if (seq <= BigInt(last)) return Number(seq);
  throw new HashpoolError(
    'unknown-seq',
    `the mint answers for share ${seq}; this outbox ends at ${last}: is it an older copy?`,
  );
}
