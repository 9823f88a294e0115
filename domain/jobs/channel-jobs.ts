import { equalBytes } from '../../protocols/bytes.ts';
import type { LiveJob } from './extended-job.ts';

/** Jobs on the current tip that a channel may still submit to; the oldest gives way. */
export const MAX_LIVE_JOBS = 16;
/** Jobs announced for a tip to come; the oldest gives way. */
export const MAX_FUTURE_JOBS = 16;
/** Ids of past jobs that are still told apart from ids that never were. */
export const MAX_STALE_IDS = 128;
/**
 * A job that is easier by so many powers than a newer one is on its way out: it brings sixteen times the shares. Vardiff
 * and clients ease a channel by three at most at once.
 */
export const MUCH_EASIER = 4;
/** So long its shares are taken: until the harder job is at the miner, and what the miner had begun is done. */
export const EASY_JOB_GRACE_MS = 30_000;

/** A job as one channel mines it. Its target and its prefix never change, whatever the channel is told later. */
export interface ChannelJob {
  readonly live: LiveJob;
  /** The job's one paying target on this channel is 2^(256-k) - 1. */
  readonly k: number;
  readonly extranoncePrefix: Uint8Array;
}

interface Held {
  readonly job: ChannelJob;
  /** It is stale from then on, in milliseconds. */
  until: number;
}

/** The jobs that one channel was sent (Stratum V2, 5.3.15 to 5.3.17). Times are of a clock that only goes forward. */
export class ChannelJobs {
  /** The extranonce prefix that each announced job was sent with. */
  readonly #future = new Map<number, Uint8Array>();
  readonly #live = new Map<number, Held>();
  readonly #stale = new Set<number>();
  #newest: ChannelJob | undefined;

  /** The job sent last, among those on the current tip. */
  get newest(): ChannelJob | undefined {
    return this.#newest;
  }

  /** Notes a job without `min_ntime`, to be mined once {@link activate} names it. */
  announce(id: number, extranoncePrefix: Uint8Array): void {
    this.#future.set(id, extranoncePrefix);
    trim(this.#future, MAX_FUTURE_JOBS);
  }

  /** Whether `id` was announced and waits for its tip. */
  isAnnounced(id: number): boolean {
    return this.#future.has(id);
  }

  /**
   * `SetNewPrevHash`: `activated` is the only job there is, all others are stale. It is mined with the prefix it was
   * announced with, and if it was live already, it stays as it was.
   */
  activate(activated: ChannelJob): void {
    const { id: activatedId } = activated.live.job;
    const extranoncePrefix = this.#future.get(activatedId) ?? activated.extranoncePrefix;
    const job = this.#live.get(activatedId)?.job ?? { ...activated, extranoncePrefix };
    for (const id of this.#live.keys()) this.#outdate(id);
    for (const id of this.#future.keys()) if (id !== activatedId) this.#outdate(id);
    this.#live.clear();
    this.#future.clear();
    this.#keep(job);
  }

  /**
   * A job on the current tip. Earlier ones stay valid next to it, much easier ones for a while: else a client could go on
   * with them, and with as many shares as it likes, until the tip changes. One that is here already stays as it is.
   * @param now milliseconds
   */
  add(job: ChannelJob, now: number): void {
    if (this.#live.has(job.live.job.id)) return;
    for (const earlier of this.#live.values()) {
      if (earlier.job.k <= job.k - MUCH_EASIER)
        earlier.until = Math.min(earlier.until, now + EASY_JOB_GRACE_MS);
    }
    this.#keep(job);
  }

  /** The jobs on all tips but this one are stale. @param prevHashLe of the tip that stands */
  retire(prevHashLe: Uint8Array): void {
    for (const [id, { job }] of this.#live) {
      if (equalBytes(job.live.tip.prevHashLe, prevHashLe)) continue;
      this.#live.delete(id);
      this.#outdate(id);
    }
  }

  /** Gives the jobs that are on their way out more time, as when the channel could not be reached. */
  prolong(milliseconds: number): void {
    for (const held of this.#live.values()) held.until += milliseconds;
  }

  /** The jobs that may be submitted to, oldest first. @param now milliseconds */
  live(now: number): ChannelJob[] {
    return [...this.#live.values()].filter(({ until }) => now < until).map(({ job }) => job);
  }

  /** The live job of that id, or why there is none. @param now milliseconds */
  find(id: number, now: number): ChannelJob | 'stale' | 'unknown' {
    const held = this.#live.get(id);
    if (held) return now < held.until ? held.job : 'stale';
    return this.#stale.has(id) ? 'stale' : 'unknown';
  }

  #keep(job: ChannelJob): void {
    this.#live.set(job.live.job.id, { job, until: Number.POSITIVE_INFINITY });
    for (const id of trim(this.#live, MAX_LIVE_JOBS)) this.#outdate(id);
    this.#newest = job;
  }

  #outdate(id: number): void {
    this.#stale.add(id);
    trim(this.#stale, MAX_STALE_IDS);
  }
}

/** Drops the oldest entries beyond `limit` and returns their keys. */
function trim(entries: Map<number, unknown> | Set<number>, limit: number): number[] {
  const dropped: number[] = [];
  for (const id of entries.keys()) {
    if (entries.size <= limit) break;
    entries.delete(id);
    dropped.push(id);
  }
  return dropped;
}
