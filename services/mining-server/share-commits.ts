import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import type { SeenShares } from '../../domain/shares/seen-shares.ts';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import type { HashedJob } from '../../protocols/crypto/hash.ts';
import { packWorkRecord, WORK_RECORD_BYTES } from '../../protocols/ehash/work-record.ts';

/** Shares that may wait for the store; beyond, sockets are not read. */
export const MAX_PENDING_SHARES = 8192;

const FIRST_CAPACITY = 256;
/** After a commit of so many shares the next one waits for more: handing it over and flushing it takes longer than storing them. */
const BUSY = 16;
const REST_MS = 2;

/** Of what a share's header was made: with its job's coinbase and path, whoever asks can be shown whose work it was. */
export interface ShareOrigin extends Pick<HashedWork, 'extranonce'> {
  readonly hashed: HashedJob;
}

/** Where shares become durable. */
export interface ShareSink {
  /** Resolves once all `count` packed records are on the disk. @param origins of each of them */
  commit(records: Uint8Array, count: number, origins: readonly ShareOrigin[]): Promise<void>;
}

/** Who gets an answer. */
export interface ShareOwner {
  /** The share is stored: it counts, and is to be acknowledged. */
  stored(share: StoredShare): void;
  /** The share counts for nothing, since whoever it was passed on to says so. */
  refused(share: StoredShare, code: string): void;
}

/** What good shares are given to; it answers their owners. Of one channel the answers come in the order of its shares. */
export interface ShareDesk {
  /** Whether sockets are to be read no further. */
  readonly full: boolean;
  /** Takes a valid share; its hash counts as seen from now on. */
  add(
    owner: ShareOwner,
    channel: MiningChannel,
    sequenceNumber: number,
    work: HashedWork,
    key: Uint8Array,
    worker?: string,
  ): void;
  /** Takes a share that was added before, by a connection that was cut before its answer. */
  addReplay(owner: ShareOwner, channel: MiningChannel, sequenceNumber: number, work: HashedWork): void;
  /** All shares of one read are there. */
  flush(): void;
  /** Resolves when no more of them can be answered. */
  drain(): Promise<void>;
}

/** What a desk tells of itself: all that it had is dropped unanswered; or there is room again. */
export interface DeskEvents {
  failed(error: unknown): void;
  room(): void;
}

/** A share on its way into the store, or there. */
export interface StoredShare {
  readonly channel: MiningChannel;
  readonly sequenceNumber: number;
  readonly k: number;
  /** Undefined for a replay: it is stored already, or in an earlier batch. */
  readonly work: HashedWork | undefined;
  /** The machine that did the work, where the share names it. */
  readonly worker: string | undefined;
  /** When it was found to be good: milliseconds, of a clock that only goes forward. */
  readonly since: number;
}

interface PendingShare extends StoredShare {
  readonly owner: ShareOwner;
}

/**
 * Gathers accepted shares into commits. While one is under way the next fills, and for a moment after it where there are
 * many, so that one flush to the disk serves all shares that came meanwhile; answers go out only after it.
 */
export class ShareCommits implements ShareDesk {
  readonly #sink: ShareSink;
  readonly #events: DeskEvents;
  #records = new Uint8Array(FIRST_CAPACITY * WORK_RECORD_BYTES);
  #count = 0;
  #pending: PendingShare[] = [];
  #underWay: PendingShare[] = [];
  #idle: (() => void) | undefined;
  #resting: NodeJS.Timeout | undefined;

  constructor(sink: ShareSink, events: DeskEvents) {
    this.#sink = sink;
    this.#events = events;
  }

  get full(): boolean {
    return this.#pending.length >= MAX_PENDING_SHARES;
  }

  /** Adds a valid share; its hash counts as seen from now on. */
  add(
    owner: ShareOwner,
    channel: MiningChannel,
    sequenceNumber: number,
    work: HashedWork,
    key: Uint8Array,
    worker?: string,
  ): void {
    const offset = this.#count * WORK_RECORD_BYTES;
    if (offset === this.#records.length) this.#grow();
    packWorkRecord(this.#records, offset, work.header, work.job.k, key);
    this.#count++;
    const { k } = work.job;
    this.#pending.push({ owner, channel, sequenceNumber, k, work, worker, since: performance.now() });
  }

  /** Adds a share that is stored already and only wants its answer, after those before it. */
  addReplay(owner: ShareOwner, channel: MiningChannel, sequenceNumber: number, { job }: HashedWork): void {
    const replayed = { work: undefined, worker: undefined, since: performance.now() };
    this.#pending.push({ owner, channel, sequenceNumber, k: job.k, ...replayed });
  }

  /** Commits what is pending, if no commit is under way and none was just now: then it follows that one. */
  flush(): void {
    if (this.#underWay.length > 0 || this.#resting || this.#pending.length === 0) return;
    const records = this.#records.slice(0, this.#count * WORK_RECORD_BYTES);
    const count = this.#count;
    const origins = this.#pending.flatMap(({ work }) =>
      work ? [{ hashed: work.job.live.hashed, extranonce: work.extranonce }] : [],
    );
    this.#underWay = this.#pending;
    this.#pending = [];
    this.#count = 0;
    const committed = count === 0 ? Promise.resolve() : this.#sink.commit(records, count, origins);
    committed.then(
      () => this.#done(),
      (error: unknown) => this.#failed(error),
    );
  }

  /** Commits what is pending, and resolves when nothing is left. */
  async drain(): Promise<void> {
    this.#wake();
    if (this.#underWay.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  #done(): void {
    const stored = this.#underWay;
    this.#underWay = [];
    if (stored.length >= BUSY && !this.#idle) this.#resting = setTimeout(() => this.#wake(), REST_MS);
    for (const share of stored) share.owner.stored(share);
    this.#next();
  }

  #failed(error: unknown): void {
    const lost = [...this.#underWay, ...this.#pending];
    this.#underWay = [];
    this.#pending = [];
    this.#count = 0;
    for (const { work } of lost) if (work) seenBy(work).forget(work.hashLe);
    this.#events.failed(error);
    this.#next();
  }

  #wake(): void {
    clearTimeout(this.#resting);
    this.#resting = undefined;
    this.flush();
  }

  #next(): void {
    this.#events.room();
    this.flush();
    if (this.#underWay.length === 0) this.#idle?.();
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#records.length);
    larger.set(this.#records);
    this.#records = larger;
  }
}

function seenBy(work: HashedWork): SeenShares {
  return work.job.live.tip.seen;
}
