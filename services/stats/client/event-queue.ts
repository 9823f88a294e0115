import type { StatsMessage } from '../../../protocols/stats/messages.ts';
import { Presence } from './presence.ts';

/** Events of this process from the first that is not known to be safe, numbered from 1. */
export class EventQueue {
  readonly #limit: number;
  /** As of the event before the first. */
  readonly #presence = new Presence();
  #events: StatsMessage[] = [];
  /** Where the first stands in the array: what is before it is gone already. */
  #head = 0;
  #firstSeq = 1;
  #goneAt = { first: 0n, last: 0n };

  /** @param limit events that wait at most */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of the first event that is still here, or of the next one. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  /** Number of the last event that was added. */
  get lastSeq(): number {
    return this.#firstSeq + this.length - 1;
  }

  get length(): number {
    return this.#events.length - this.#head;
  }

  /** What was open before the first event. */
  get open(): Iterable<StatsMessage> {
    return this.#presence.open;
  }

  /** When the events were that were dropped last without being sure, Unix ms. */
  get goneAt(): { readonly first: bigint; readonly last: bigint } {
    return this.#goneAt;
  }

  add(event: StatsMessage): void {
    if (this.length >= this.#limit) {
      const { at = 0n } = this.#drop() as { at?: bigint };
      this.#goneAt = { first: this.#goneAt.first || at, last: at };
    }
    this.#events.push(event);
  }

  /** All up to that number are safe. */
  taken(seq: number): void {
    while (this.#firstSeq <= seq && this.length > 0) this.#drop();
    if (this.length === 0 && seq >= this.#firstSeq) this.#firstSeq = seq + 1;
  }

  /** The gap was told of. */
  told(): void {
    this.#goneAt = { first: 0n, last: 0n };
  }

  /** The event of that number; undefined where it is not here. */
  at(seq: number): StatsMessage | undefined {
    return this.#events[this.#head + seq - this.#firstSeq];
  }

  #drop(): StatsMessage | undefined {
    const event = this.#events[this.#head];
    this.#head++;
    this.#firstSeq++;
    if (event) this.#presence.apply(event);
    if (this.#head > this.#limit) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return event;
  }
}
