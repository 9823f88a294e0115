import { LEAST_UPSTREAM_BYTES } from '../../../domain/extranonce/layout.ts';
import { checkUpstreamJob, type UpstreamJob } from '../../../domain/jobs/upstream-work.ts';
import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { targetOfDifficulty } from '../../../protocols/sv1/difficulty.ts';
import type { NotifyFields } from '../../../protocols/sv1/messages.ts';
import type { Extranonce } from '../../../protocols/sv1/server-messages.ts';
import type { Log } from '../../../runtime/sv2/log.ts';
import { type Backoff, reconnecting } from '../../../runtime/sv2/reconnect.ts';
import type { LinkState } from '../../../services/mining-client/choose-upstream.ts';
import { Pulse } from '../../../services/mining-client/pulse.ts';
import type { Answer } from './connection.ts';
import type { Outcome } from './outcome.ts';
import { type FormerSession, Sv1Session, type UpstreamAccount } from './session.ts';
import { ShareQueue } from './share-queue.ts';
import { meetsTarget, submitParams } from './submission.ts';

/** Jobs come every minute or so: an upstream that has been silent for so long is gone. It is asked for a sign of life after a third of it. */
const SILENCE_MS = 180_000;
/** It may be a stranger's, and there may be others to mine at. */
const UPSTREAM_BACKOFF: Partial<Backoff> = { firstMs: 500, maxMs: 30_000 };
/** Latest jobs whose shares are known again; a channel has 16 at most. */
const MAX_JOBS = 64;
/** Of shares before the first `mining.set_difficulty`. */
const FIRST_TARGET = targetOfDifficulty(1);

/** A job as it is to be answered for. */
interface OwnJob {
  readonly jobId: string;
  readonly extranonce2Size: number;
  /** What its shares must meet; undefined where no difficulty was told before it. */
  readonly target: bigint | undefined;
  /** Of the session, and those that took it up again. */
  readonly era: number;
}

/** Who is told how a link is. */
export interface LinkEvents {
  /** It became well or ill, or why it is ill has changed. */
  changed(): void;
  /** Unique in the process. */
  nextNumber(): bigint;
  job(job: UpstreamJob): void;
  versionMask(mask: number): void;
  answered(work: HashedWork, outcome: Outcome): void;
}

export interface LinkOptions {
  readonly account: UpstreamAccount;
  readonly log: Log;
  readonly events: LinkEvents;
  readonly backoff?: Partial<Backoff>;
  readonly silenceLimitMs?: number;
}

/** The link to one upstream, kept up while it is wanted, with the shares that it has not answered. */
export class UpstreamLink implements LinkState {
  readonly name: string;
  readonly #options: LinkOptions;
  readonly #shares: ShareQueue;
  readonly #jobs = new Map<bigint, OwnJob>();
  #stop: AbortController | undefined;
  #running: Promise<void> | undefined;
  #session: Sv1Session | undefined;
  #former: FormerSession | undefined;
  #era = 0;
  /** Where the upstream asked to be connected to next. */
  #nextPort: number | undefined;
  #target: bigint | undefined;
  #latest: UpstreamJob | undefined;
  #wellSince: number | undefined;
  #illSince = 0;
  #trouble = 'not connected';

  constructor(options: LinkOptions) {
    const { account, events } = options;
    this.name = `${account.host}:${account.port}`;
    this.#options = options;
    this.#shares = new ShareQueue((work, outcome) => events.answered(work, outcome));
  }

  get wellSince(): number | undefined {
    return this.#wellSince;
  }

  /** Since when it has not been well, where it was: milliseconds of performance.now(). */
  get illSince(): number {
    return this.#illSince;
  }

  get hasDuties(): boolean {
    return this.#session !== undefined && this.#shares.underWay > 0;
  }

  /** Why it is not well, in words. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Shares that it has not answered. */
  get unanswered(): number {
    return this.#shares.size;
  }

  /** What shares must meet now. */
  get target(): bigint {
    return this.#target ?? FIRST_TARGET;
  }

  /** Its newest job; undefined where it is not well. */
  get latest(): UpstreamJob | undefined {
    return this.#wellSince === undefined ? undefined : this.#latest;
  }

  /** Keeps the link up from now on, or lets it go. */
  want(isWanted: boolean): void {
    if (isWanted === (this.#stop !== undefined)) return;
    if (!isWanted) {
      this.#stop?.abort();
      this.#stop = undefined;
      this.#trouble = 'not connected';
      return;
    }
    const stop = new AbortController();
    this.#stop = stop;
    // One that was let go a moment ago ends first.
    this.#running = (this.#running ?? Promise.resolve()).then(() => this.#run(stop.signal));
  }

  /**
   * Sends a share up, where it is one of this link's jobs and meets what the upstream asks of it, or is a block.
   * @returns false for a job of another link
   */
  submit(work: HashedWork): boolean {
    const job = this.#jobs.get(work.job.live.job.templateId);
    if (!job) return false;
    if (!work.isBlock && !meetsTarget(work, job.target ?? this.target)) return true;
    if (job.era === this.#era) this.#shares.add(work);
    else this.#options.events.answered(work, { kind: 'lost', words: 'its session is over' });
    return true;
  }

  /** Hangs up for good; resolves when the link is gone. */
  async close(): Promise<void> {
    this.want(false);
    await this.#running;
  }

  #run(signal: AbortSignal): Promise<void> {
    const { log, backoff } = this.#options;
    return reconnecting({
      name: `upstream ${this.name}`,
      connect: () => this.#connect(signal),
      onConnected: ({ session }) => this.#serve(session),
      log,
      signal,
      backoff: { ...UPSTREAM_BACKOFF, ...backoff },
    });
  }

  async #connect(signal: AbortSignal) {
    const { account, log } = this.#options;
    const port = this.#nextPort ?? account.port;
    this.#nextPort = undefined;
    try {
      const session = await Sv1Session.open({ ...account, port }, this.#former, log, signal);
      const { connection } = session;
      return { session, closed: connection.closed, close: (reason?: string) => connection.close(reason) };
    } catch (error) {
      this.#tell(messageOf(error));
      throw error;
    }
  }

  async #serve(session: Sv1Session): Promise<void> {
    const { connection } = session;
    this.#session = session;
    if (!session.isResumed) this.#beginEra();
    this.#former = session.former;
    this.#tell('it has sent no job yet');
    const pulse = this.#watch(session);
    try {
      this.#follow(session, !session.isResumed);
      this.#shares.up((work) => this.#send(session, work));
      this.#end((await connection.closed).reason);
    } catch (error) {
      this.#end(messageOf(error));
      throw error;
    } finally {
      pulse.stop();
    }
  }

  #beginEra(): void {
    this.#era++;
    this.#target = undefined;
    this.#shares.drop('the upstream did not give the session back');
  }

  #watch({ connection }: Sv1Session): Pulse {
    let isAsked = false;
    const pulse = new Pulse({
      limitMs: this.#options.silenceLimitMs ?? SILENCE_MS,
      ask() {
        if (!isAsked) connection.tell('mining.ping', []);
        isAsked = true;
      },
      silent: () => connection.close('it has been silent for too long'),
    });
    connection.onHeard = () => {
      isAsked = false;
      pulse.heard();
    };
    return pulse;
  }

  /** @param isNew whether the first job is the first of its session */
  #follow(session: Sv1Session, isNew: boolean): void {
    let isFirst = isNew;
    session.follow({
      onJob: (fields, extranonce, target) => {
        this.#takeJob(session, fields, extranonce, { target, isFirst });
        isFirst = false;
      },
      onTarget: (target) => {
        this.#target = target;
        this.#options.events.changed();
      },
      onVersionMask: (mask) => {
        if (this.#latest) this.#latest = { ...this.#latest, versionMask: mask };
        this.#options.events.versionMask(mask);
      },
      onReconnect: (port) => {
        this.#nextPort = port;
        session.connection.close('it asked to be connected to again');
      },
    });
  }

  #takeJob(
    { versionMask }: Sv1Session,
    fields: NotifyFields,
    extranonce: Extranonce,
    { target, isFirst }: { target: bigint | undefined; isFirst: boolean },
  ): void {
    const { events } = this.#options;
    const { extranonce2Size } = extranonce;
    if (extranonce2Size < LEAST_UPSTREAM_BYTES) {
      throw new HashpoolError(
        'upstream-extranonce-too-small',
        `it gives ${extranonce2Size} bytes of extranonce2, and a pool needs ${LEAST_UPSTREAM_BYTES} at least to tell its miners apart`,
      );
    }
    const isClean = fields.cleanJobs || isFirst;
    const job = { number: events.nextNumber(), fields, extranonce, versionMask, isClean };
    checkUpstreamJob(job, Math.floor(Date.now() / 1000));
    this.#jobs.set(job.number, { jobId: fields.jobId, extranonce2Size, target, era: this.#era });
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > MAX_JOBS && oldest !== undefined) this.#jobs.delete(oldest);
    this.#latest = job;
    this.#wellSince ??= performance.now();
    events.job(job);
    events.changed();
  }

  #send(session: Sv1Session, work: HashedWork): Promise<Answer> | string {
    const job = this.#jobs.get(work.job.live.job.templateId);
    if (!job) return 'its job was too many jobs ago';
    const { user } = this.#options.account;
    const { versionMask } = session;
    const params = submitParams(work, { ...job, user, versionMask });
    if (!params) return 'it rolls version bits that the upstream does not allow any more';
    return session.connection.request('mining.submit', params);
  }

  #end(reason: string): void {
    this.#session = undefined;
    this.#shares.down();
    if (this.#wellSince !== undefined) this.#illSince = performance.now();
    this.#wellSince = undefined;
    this.#tell(reason);
  }

  #tell(trouble: string): void {
    this.#trouble = trouble;
    this.#options.events.changed();
  }
}
