import type { ChannelJournal } from './journal.ts';
import { channelLine, type JournalledChannel, type JournalledShare } from './lines.ts';

/** The file, as the channels that it keeps write to it. */
export interface Clerk {
  isFull(): boolean;
  add(channel: KeptChannel, share: JournalledShare): void;
  done(channel: KeptChannel, sequence: number): void;
}

/** One channel's shares, as they would be written again. */
export class KeptChannel implements ChannelJournal {
  /** Its number in the file. */
  readonly id: number;
  readonly line: string;
  /** Shares of an earlier process, until a channel of this one has them. */
  readonly recovered: Map<number, JournalledShare> | undefined;
  /** Shares of that channel. */
  waiting: Iterable<JournalledShare> | undefined;
  unanswered: number;
  /** The writing of the file, counted from its start, that names the channel; 0 for none. */
  namedIn = 0;
  readonly #clerk: Clerk;

  constructor(clerk: Clerk, id: number, channel: JournalledChannel, shares?: readonly JournalledShare[]) {
    this.#clerk = clerk;
    this.id = id;
    this.line = channelLine(id, channel);
    this.recovered = shares && new Map(shares.map((share) => [share.sequence, share]));
    this.unanswered = shares?.length ?? 0;
  }

  get isFull(): boolean {
    return this.#clerk.isFull();
  }

  follow(waiting: Iterable<JournalledShare>): void {
    this.waiting = waiting;
  }

  add(share: JournalledShare): void {
    this.unanswered++;
    this.#clerk.add(this, share);
  }

  done(sequence: number): void {
    this.unanswered--;
    this.recovered?.delete(sequence);
    this.#clerk.done(this, sequence);
  }
}
