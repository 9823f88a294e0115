import {
  MAX_JOBS,
  PATIENCE,
  pauseAfter,
  type Stage,
  type Trouble,
  troubleOf,
  UNANSWERED,
} from './declaration-rules.ts';

/** What the declarations of one upstream ask of their owner; each is cheap to call and calls nothing back. */
export interface DeclarationActions {
  /** Send AllocateMiningJobToken. */
  allocate(requestId: number): void;
  /** Send DeclareMiningJob for a job, with a token. */
  declare(job: number, requestId: number, token: Uint8Array): void;
  /** Send SetCustomMiningJob for a job, with a token. */
  set(job: number, requestId: number, token: Uint8Array): void;
  /** The pool mines the job under that id: its shares can go there. */
  accepted(job: number, poolJobId: number): void;
  /** The job came to nothing: its shares are to be told. */
  refused(job: number, code: string): void;
  /** The upstream takes no jobs of ours, and it is no race: mine elsewhere. */
  leave(code: string): void;
  /** The jd-server hangs: connect to it again. */
  reconnect(why: string): void;
}

/** Milliseconds after which a question is as good as unanswered. */
export interface AnswerLimits {
  readonly tokenMs: number;
  /** Beyond the time that a jd-server may wait for its tip and for transactions. */
  readonly declareMs: number;
  readonly setMs: number;
}

export const ANSWER_LIMITS: AnswerLimits = { tokenMs: 10_000, declareMs: 40_000, setMs: 10_000 };
/** A spare token is exchanged after so long, so that it is not met expired and names the epoch's outputs. */
export const TOKEN_LIFE_MS = 60_000;

interface Job {
  readonly number: number;
  /** What names the block that it builds upon. */
  readonly tip: string;
  stage: Stage;
  /** Whether its transactions are there. */
  isGathered: boolean;
  /** Whether shares wait for it. */
  isWanted: boolean;
  /** Since when each kind of trouble is met. */
  readonly troubles: Map<Trouble, number>;
  failures: number;
  /** What to set it with. */
  jobToken: Uint8Array | undefined;
  /** The last question about it. */
  requestId: number;
}

/**
 * The way of an upstream's jobs from a template to the pool's consent (Stratum V2, 6.4 and 5.3.18):
 *
 *     gathering -> [token] -> declaring -> declared -> setting -> accepted
 *                     ^------- pausing -------^           |
 *                     `-----------------------^-----------´ refused, or unanswered
 *
 * What goes wrong for the sake of a tip, or of anything else that time mends, is tried again as long as the miner's own
 * tip stands; only what goes wrong again without that is a reason to leave. A job that nobody's shares wait for is
 * forgotten with its tip. Times are milliseconds of a clock that only goes forward.
 */
export class Declarations {
  readonly #isDeclared: boolean;
  readonly #actions: DeclarationActions;
  readonly #limits: AnswerLimits;
  readonly #jobs = new Map<number, Job>();
  /** Jobs by the questions about them. */
  readonly #asked = new Map<number, Job>();
  #spare: { readonly token: Uint8Array; readonly at: number } | undefined;
  #tokenAsked: { readonly requestId: number; readonly until: number } | undefined;
  #tip = '';
  /** Since when jobs are too early. */
  #earlySince: number | undefined;
  #isLinked = false;
  #hasChannel = false;
  #nextRequest = 1;

  /** @param isDeclared false where jobs go to the pool without their transactions being seen (coinbase-only) */
  constructor(isDeclared: boolean, actions: DeclarationActions, limits: AnswerLimits = ANSWER_LIMITS) {
    this.#isDeclared = isDeclared;
    this.#actions = actions;
    this.#limits = limits;
  }

  /** Whether a job on the present tip waits for consent: a better template waits for it in turn. */
  get isBusy(): boolean {
    return [...this.#jobs.values()].some(({ tip }) => tip === this.#tip);
  }

  /** Jobs that wait for consent. */
  get pending(): readonly number[] {
    return [...this.#jobs.keys()];
  }

  /** The jd-server is there. Tokens are of one connection, and so is what was declared with them. */
  linkUp(now: number): void {
    this.#isLinked = true;
    this.#askForToken(now);
  }

  linkDown(): void {
    this.#isLinked = false;
    this.#spare = undefined;
    this.#tokenAsked = undefined;
    for (const job of [...this.#jobs.values()]) {
      if (job.stage.name === 'declaring') job.stage = { name: 'preparing' };
      if (job.tip !== this.#tip) this.#outdate(job);
    }
  }

  /** The channel at the pool is there, new or the same again. */
  channelUp(now: number): void {
    this.#hasChannel = true;
    this.#advanceAll(now);
  }

  /** The link to the pool is cut; its channel may come back as it was. */
  channelCut(): void {
    this.#hasChannel = false;
    for (const job of this.#jobs.values()) if (job.stage.name === 'setting') job.stage = { name: 'declared' };
  }

  /** The channel is gone for good, and with it the extranonces that its jobs are mined with. */
  channelLost(): void {
    this.#hasChannel = false;
    for (const job of [...this.#jobs.values()]) this.#refuse(job, 'stale-share');
  }

  /** AllocateMiningJobToken.Success. */
  allocated(requestId: number, token: Uint8Array, now: number): void {
    if (this.#tokenAsked?.requestId !== requestId) return;
    this.#tokenAsked = undefined;
    this.#spare = { token, at: now };
    this.#advanceAll(now);
  }

  /** The miner's node has another tip. */
  tipIs(tip: string, now: number): void {
    this.#tip = tip;
    for (const job of [...this.#jobs.values()]) if (job.tip !== tip) this.#outdate(job);
    this.#advanceAll(now);
  }

  /** A job on the present tip. @param number greater than any before */
  add(number: number, now: number): void {
    const job: Job = {
      number,
      tip: this.#tip,
      stage: { name: 'preparing' },
      isGathered: !this.#isDeclared,
      isWanted: false,
      troubles: new Map(),
      failures: 0,
      jobToken: undefined,
      requestId: 0,
    };
    this.#jobs.set(number, job);
    const [oldest] = this.#jobs.values();
    if (this.#jobs.size > MAX_JOBS && oldest) this.#refuse(oldest, 'stale-share');
    this.#advance(job, now);
  }

  /** The job's transactions are there. */
  gathered(number: number, now: number): void {
    const job = this.#jobs.get(number);
    if (!job) return;
    job.isGathered = true;
    this.#advance(job, now);
  }

  /** The job's transactions can't be had any more. */
  notGathered(number: number): void {
    const job = this.#jobs.get(number);
    if (job) this.#refuse(job, 'stale-share');
  }

  /** Shares wait for the job. */
  want(number: number): void {
    const job = this.#jobs.get(number);
    if (job) job.isWanted = true;
  }

  /** DeclareMiningJob.Success, also a late one. */
  declared(requestId: number, jobToken: Uint8Array, now: number): void {
    const job = this.#asked.get(requestId);
    if (!job || job.jobToken) return;
    job.jobToken = jobToken;
    job.stage = { name: 'declared' };
    this.#advance(job, now);
  }

  /** DeclareMiningJob.Error. */
  notDeclared(requestId: number, code: string, now: number): void {
    const job = this.#asked.get(requestId);
    if (job?.requestId === requestId && job.stage.name === 'declaring') this.#failed(job, code, now);
  }

  /** SetCustomMiningJob.Success, also a late one. */
  wasSet(requestId: number, poolJobId: number): void {
    const job = this.#asked.get(requestId);
    if (!job) return;
    this.#forget(job);
    this.#earlySince = undefined;
    this.#actions.accepted(job.number, poolJobId);
  }

  /** SetCustomMiningJob.Error. */
  wasNotSet(requestId: number, code: string, now: number): void {
    const job = this.#asked.get(requestId);
    if (job?.requestId === requestId && job.stage.name === 'setting') this.#failed(job, code, now);
  }

  /** Looks at the clock; to be called a few times a second. */
  tick(now: number): void {
    if (this.#tokenAsked && now >= this.#tokenAsked.until) {
      this.#tokenAsked = undefined;
      this.#actions.reconnect('it gave no token');
    }
    for (const job of [...this.#jobs.values()]) this.#lookAt(job, now);
    if (this.#spare && now - this.#spare.at >= TOKEN_LIFE_MS) this.#askForToken(now);
  }

  #lookAt(job: Job, now: number): void {
    const { stage } = job;
    if (!('until' in stage) || now < stage.until) return;
    if (stage.name === 'pausing') {
      job.stage = { name: stage.next };
      this.#advance(job, now);
      return;
    }
    this.#failed(job, UNANSWERED, now);
    if (stage.name === 'declaring') this.#actions.reconnect('it did not answer a declaration');
  }

  #advanceAll(now: number): void {
    for (const job of [...this.#jobs.values()]) this.#advance(job, now);
  }

  #advance(job: Job, now: number): void {
    if (job.stage.name === 'preparing' && job.isGathered && this.#isLinked) this.#prepare(job, now);
    if (job.stage.name !== 'declared' || !this.#hasChannel || !job.jobToken) return;
    job.stage = { name: 'setting', until: now + this.#limits.setMs };
    this.#actions.set(job.number, this.#ask(job), job.jobToken);
  }

  #prepare(job: Job, now: number): void {
    const token = this.#spare?.token;
    this.#spare = undefined;
    this.#askForToken(now);
    if (!token) return;
    if (this.#isDeclared) {
      job.stage = { name: 'declaring', until: now + this.#limits.declareMs };
      this.#actions.declare(job.number, this.#ask(job), token);
    } else {
      job.stage = { name: 'declared' };
      job.jobToken = token;
    }
  }

  #askForToken(now: number): void {
    if (!this.#isLinked || this.#tokenAsked) return;
    const requestId = this.#newRequest();
    this.#tokenAsked = { requestId, until: now + this.#limits.tokenMs };
    this.#actions.allocate(requestId);
  }

  #ask(job: Job): number {
    job.requestId = this.#newRequest();
    this.#asked.set(job.requestId, job);
    return job.requestId;
  }

  #newRequest(): number {
    const requestId = this.#nextRequest;
    this.#nextRequest = (this.#nextRequest + 1) >>> 0;
    return requestId;
  }

  #failed(job: Job, code: string, now: number): void {
    const trouble = troubleOf(code);
    if (trouble === 'early') this.#earlySince ??= now;
    const since = (trouble === 'early' ? this.#earlySince : job.troubles.get(trouble)) ?? now;
    job.troubles.set(trouble, since);
    if (job.tip !== this.#tip) {
      this.#refuse(job, code);
    } else if (now - since >= PATIENCE[trouble]) {
      this.#refuse(job, code);
      this.#actions.leave(code);
    } else if (trouble === 'early' && job.failures > 0) {
      this.#refuse(job, code);
    } else {
      const isSetAgain = job.stage.name === 'setting' && (trouble === 'race' || trouble === 'early');
      if (!isSetAgain) job.jobToken = undefined;
      const next = isSetAgain ? 'declared' : 'preparing';
      job.stage = { name: 'pausing', next, until: now + pauseAfter(job.failures++) };
    }
  }

  /** Its tip is gone. Where shares hang on it, it is tried a last time, since jd-server and pool may be some seconds behind. */
  #outdate(job: Job): void {
    if (job.stage.name === 'pausing') job.stage = { name: job.stage.next };
    const isStuck = job.stage.name === 'preparing' && !this.#isLinked;
    if (!job.isWanted || isStuck) this.#refuse(job, 'stale-share');
  }

  #refuse(job: Job, code: string): void {
    this.#forget(job);
    this.#actions.refused(job.number, code);
  }

  #forget(job: Job): void {
    this.#jobs.delete(job.number);
    for (const [requestId, asked] of this.#asked) if (asked === job) this.#asked.delete(requestId);
  }
}
