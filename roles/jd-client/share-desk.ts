import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { toHex } from '../../protocols/bytes.ts';
import type { ShareVerdict } from '../../services/mining-client/pending-shares.ts';
import { ShareOwner as PoolsShareOwner } from '../../services/mining-client/share-owner.ts';
import type {
  DeskEvents,
  ShareDesk,
  ShareOwner,
  StoredShare,
} from '../../services/mining-server/share-commits.ts';
import type { PassedShare } from './upstream/job-record.ts';

/** Shares without an answer; with so many no more are read from miners. */
export const MAX_UNANSWERED = 50_000;
/** What shares get of which nobody can say any more what became of them. */
const LOST = 'stale-share';

/** A share in the order of its channel. */
interface Waiting {
  readonly share: StoredShare;
  readonly owner: ShareOwner;
  verdict: ShareVerdict | undefined;
}

/** Passes shares on, and answers each with what was said to it. */
export class PassingDesk implements ShareDesk {
  readonly #pass: (share: PassedShare) => void;
  #events: DeskEvents | undefined;
  /** Of each channel, in the order in which its shares came: an acknowledgement covers all shares before it. */
  readonly #queues = new Map<MiningChannel, Set<Waiting>>();
  /** Who waits for each share's answer, by its hash: more than one where a link was cut. */
  readonly #byHash = new Map<string, Waiting[]>();
  readonly counts = { accepted: 0, refused: 0, lost: 0 };

  /** @param pass brings a share to whom its job is for, and has it answered once */
  constructor(pass: (share: PassedShare) => void) {
    this.#pass = pass;
  }

  /** @param events told from now on */
  opened(events: DeskEvents): this {
    this.#events = events;
    return this;
  }

  /** Shares without an answer. */
  get size(): number {
    return this.#byHash.size;
  }

  get full(): boolean {
    return this.#byHash.size >= MAX_UNANSWERED;
  }

  add(
    owner: ShareOwner,
    channel: MiningChannel,
    sequenceNumber: number,
    work: HashedWork,
    key: Uint8Array,
    worker?: string,
  ): void {
    const hash = toHex(work.hashLe);
    const share = { channel, sequenceNumber, k: work.job.k, work, worker, since: performance.now() };
    this.#byHash.set(hash, [this.#queue(owner, share)]);
    this.#pass({
      work,
      owner: new PoolsShareOwner(worker ?? workerOf(channel.userIdentity), key),
      answered: (verdict) => this.#answered(hash, work, verdict),
    });
  }

  addReplay(
    owner: ShareOwner,
    channel: MiningChannel,
    sequenceNumber: number,
    { hashLe, job }: HashedWork,
  ): void {
    const replayed = { work: undefined, worker: undefined, since: performance.now() };
    const waiting = this.#queue(owner, { channel, sequenceNumber, k: job.k, ...replayed });
    const others = this.#byHash.get(toHex(hashLe));
    if (others) {
      others.push(waiting);
      return;
    }
    waiting.verdict = { kind: 'accepted' };
    this.#answer(channel);
  }

  flush(): void {
    // Each share goes on as it comes.
  }

  async drain(): Promise<void> {
    // What waits for a pool is not waited for: its miners hand it in elsewhere.
  }

  #queue(owner: ShareOwner, share: StoredShare): Waiting {
    const waiting = { owner, share, verdict: undefined };
    const queue = this.#queues.get(share.channel);
    if (queue) queue.add(waiting);
    else this.#queues.set(share.channel, new Set([waiting]));
    return waiting;
  }

  #answered(hash: string, work: HashedWork, verdict: ShareVerdict): void {
    const wasFull = this.full;
    const all = this.#byHash.get(hash) ?? [];
    this.#byHash.delete(hash);
    this.counts[verdict.kind]++;
    if (verdict.kind !== 'accepted') work.job.live.tip.seen.forget(work.hashLe);
    for (const waiting of all) {
      waiting.verdict = verdict;
      this.#answer(waiting.share.channel);
    }
    if (wasFull) this.#events?.room();
  }

  /** Answers what a channel's queue begins with, as far as it is known. */
  #answer(channel: MiningChannel): void {
    const queue = this.#queues.get(channel) ?? new Set();
    for (const waiting of queue) {
      const { owner, share, verdict } = waiting;
      if (verdict === undefined) return;
      queue.delete(waiting);
      if (verdict.kind === 'accepted') owner.stored(share);
      else owner.refused(share, verdict.kind === 'refused' ? verdict.code : LOST);
    }
    this.#queues.delete(channel);
  }
}

/** The worker in the name of a channel: what follows the account. */
function workerOf(userIdentity: string): string {
  const dot = userIdentity.indexOf('.');
  return dot < 0 ? '' : userIdentity.slice(dot + 1);
}
