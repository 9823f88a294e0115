import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { AppendFile } from '../../../runtime/append-file.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { type Clerk, KeptChannel } from './kept-channel.ts';
import { LineBuffer } from './line-buffer.ts';
import { type JournalledChannel, type JournalledShare, parseLine, putDone, putShare } from './lines.ts';

/** Shares without an answer that are kept, of all channels; more are not sent. */
export const MAX_JOURNALLED_SHARES = 100_000;
/** A file that has grown by this is written anew, without the shares that were answered. */
const COMPACT_BYTES = 16 * 1024 * 1024;
/** So much does not wait for the end of a turn, and no more than the link to the pool lets wait: it may be long under load. */
const WRITE_BYTES = 8 * 1024;
/** How often what was written is flushed to the disk: a process that is killed loses nothing, a machine so much. */
const SYNC_MS = 1000;

/** The shares of one channel that wait for the pool's answer. */
export interface ChannelJournal {
  /** No more shares can be kept. */
  readonly isFull: boolean;
  /** Where those that wait are found from now on when the file is written anew: they are not kept here a second time. */
  follow(waiting: Iterable<JournalledShare>): void;
  add(share: JournalledShare): void;
  /** A share that was added was answered, or given up. */
  done(sequence: number): void;
}

/** A channel of an earlier process that shares still wait on. */
export interface RecoveredChannel {
  readonly channel: JournalledChannel;
  readonly shares: readonly JournalledShare[];
  readonly journal: ChannelJournal;
}

/**
 * The shares that no pool has answered yet, in a file, so that the next process can send them again. What is
 * submitted in a turn of the event loop goes into one write, or a few, which a killed process leaves behind whole; the
 * disk is flushed once a second.
 */
export class ShareJournal {
  /** What the last process left unanswered. */
  readonly recovered: readonly RecoveredChannel[];
  readonly #file: AppendFile;
  readonly #log: Logger;
  /** All channels that the file names. */
  readonly #kept = new Set<KeptChannel>();
  readonly #syncing: NodeJS.Timeout;
  /** What is to be added to the file. */
  readonly #lines = new LineBuffer();
  readonly #clerk: Clerk = {
    isFull: () => this.#size >= MAX_JOURNALLED_SHARES,
    add: (channel, share) => this.#add(channel, share),
    done: (channel, sequence) => this.#done(channel, sequence),
  };
  #nextId: number;
  #size = 0;
  #compactAt = COMPACT_BYTES;
  #writing = 0;
  #flushing: NodeJS.Immediate | undefined;
  #isDirty = false;
  #isFailing = false;
  #isClosed = false;

  /**
   * @param path of the file, made where it is missing
   * @throws HashpoolError 'journal-unusable'
   */
  constructor(path: string, log: Logger) {
    this.#file = opened(path);
    this.#log = log;
    const { channels, nextId } = recover(this.#file.read().toString(), log);
    this.#nextId = nextId;
    this.recovered = channels.map(({ id, channel, shares }) => {
      const journal = new KeptChannel(this.#clerk, id, channel, shares);
      this.#kept.add(journal);
      this.#size += shares.length;
      return { channel, shares, journal };
    });
    this.#compact();
    this.#syncing = setInterval(() => this.#sync(), SYNC_MS);
  }

  /** Shares that wait. */
  get size(): number {
    return this.#size;
  }

  /** Takes the shares of a channel; until the first of them nothing is written. */
  channel(channel: JournalledChannel): ChannelJournal {
    return new KeptChannel(this.#clerk, this.#nextId++, channel);
  }

  /** Leaves the file to the next process, with all that waits: what is answered from now on it will not know. */
  close(): void {
    if (this.#isClosed) return;
    clearInterval(this.#syncing);
    clearImmediate(this.#flushing);
    this.#flush();
    this.#isClosed = true;
    this.#file.close();
  }

  #add(channel: KeptChannel, share: JournalledShare): void {
    this.#size++;
    if (channel.namedIn !== this.#writing) this.#name(channel);
    putShare(this.#lines, channel.id, share);
    this.#flushSoon();
  }

  #done({ id }: KeptChannel, sequence: number): void {
    this.#size--;
    putDone(this.#lines, id, sequence);
    this.#flushSoon();
  }

  #name(channel: KeptChannel): void {
    channel.namedIn = this.#writing;
    this.#kept.add(channel);
    this.#lines.text(channel.line);
  }

  #flushSoon(): void {
    if (this.#lines.length >= WRITE_BYTES) this.#flush();
    else this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const lines = this.#lines.take();
    if (lines.length === 0 || this.#isClosed) return;
    try {
      // After a failed write nobody knows what the file holds.
      if (this.#isFailing || this.#file.size > this.#compactAt) this.#compact();
      else this.#file.append(lines);
      this.#isDirty = true;
      if (this.#isFailing) this.#log.info('the journal of shares can be written again');
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Leaves out what was answered. */
  #compact(): void {
    const lines = new LineBuffer();
    this.#writing++;
    for (const kept of this.#kept) {
      if (kept.unanswered === 0) {
        this.#kept.delete(kept);
        continue;
      }
      lines.text(kept.line);
      for (const share of kept.waiting ?? kept.recovered?.values() ?? []) putShare(lines, kept.id, share);
      kept.namedIn = this.#writing;
    }
    this.#file.replace(lines.take());
    this.#compactAt = this.#file.size + COMPACT_BYTES;
  }

  #sync(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#file.sync().catch((error: unknown) => this.#failed(error));
  }

  /** Mining goes on: the shares are still sent, and only a crash would lose those that wait. */
  #failed(error: unknown): void {
    if (!this.#isFailing)
      this.#log.error({ err: error }, `the journal of shares could not be written: ${messageOf(error)}`);
    this.#isFailing = true;
  }
}

function opened(path: string): AppendFile {
  try {
    return new AppendFile(path);
  } catch (cause) {
    const message = `the journal of shares ${path} can't be opened: ${messageOf(cause)}; see to its folder, or change journal_path`;
    throw new HashpoolError('journal-unusable', message, { cause });
  }
}

interface Left {
  readonly id: number;
  readonly channel: JournalledChannel;
  readonly shares: readonly JournalledShare[];
}

/** What the lines leave unanswered, in the order in which it was submitted. */
function recover(text: string, log: Logger): { channels: Left[]; nextId: number } {
  const channels = new Map<number, JournalledChannel>();
  const waiting = new Map<number, Map<number, JournalledShare>>();
  let torn = 0;
  let lastId = 0;
  for (const each of text.split('\n')) {
    if (each === '') continue;
    const line = parseLine(each);
    if (line === undefined) {
      torn++;
      continue;
    }
    lastId = Math.max(lastId, line.id);
    if (line.kind === 'channel') {
      channels.set(line.id, line.channel);
      if (!waiting.has(line.id)) waiting.set(line.id, new Map());
    } else if (line.kind === 'share') waiting.get(line.id)?.set(line.sequence, line);
    else waiting.get(line.id)?.delete(line.sequence);
  }
  if (torn > 0) log.warn({ torn }, 'lines of the journal of shares can not be read: a crash has torn them');
  const left = [...channels].map(([id, channel]) => ({
    id,
    channel,
    shares: [...(waiting.get(id)?.values() ?? [])],
  }));
  return { channels: left.filter(({ shares }) => shares.length > 0), nextId: lastId + 1 };
}
