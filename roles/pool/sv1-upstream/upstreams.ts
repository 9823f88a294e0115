import type { UpstreamJob } from '../../../domain/jobs/upstream-work.ts';
import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Backoff } from '../../../runtime/sv2/reconnect.ts';
import { chooseUpstream, RETURN_AFTER_MS } from '../../../services/mining-client/choose-upstream.ts';
import { UpstreamLink } from './link.ts';
import { Outcomes } from './outcome.ts';
import type { UpstreamAccount } from './session.ts';

/** How often it is looked whether another upstream is to be tried, or to be returned to. */
const LOOK_MS = 250;
const HASH_BITS = 256;

export interface UpstreamsOptions {
  /** The first that is well is mined for. */
  readonly accounts: readonly UpstreamAccount[];
  readonly log: Logger;
  /** A job to be mined from now on. */
  onJob(job: UpstreamJob): void;
  onVersionMask(mask: number): void;
  /** What shares must meet to be of use upstream is another one. */
  onTarget(target: bigint): void;
  /** Words for a status line. */
  onStatus(text: string): void;
  /** {@link Upstreams.figures} are others. */
  onFigures(): void;
  readonly backoff?: Partial<Backoff>;
  readonly silenceLimitMs?: number;
  readonly returnAfterMs?: number;
}

/** The Stratum V1 upstreams of a pool, of which it mines for one: jobs come down, shares go up and are answered for. */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #outcomes: Outcomes;
  readonly #links: readonly UpstreamLink[];
  #looking: NodeJS.Timeout | undefined;
  #isClosed = false;
  #active: number | undefined;
  /** The link whose jobs were told last. */
  #last: UpstreamLink | undefined;
  #outageSince = 0;
  #number = 0n;
  #target: bigint | undefined;
  #told = '';

  constructor(options: UpstreamsOptions) {
    this.#options = options;
    this.#outcomes = new Outcomes(options.log);
    this.#links = options.accounts.map((account) => this.#link(account));
  }

  /** Connects, the first time it is called. */
  begin(): void {
    if (this.#looking !== undefined || this.#isClosed) return;
    this.#outageSince = performance.now();
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    this.#look();
  }

  /** Whether there is an upstream that has brought work. */
  get isServed(): boolean {
    return this.#activeLink?.wellSince !== undefined;
  }

  get figures(): Record<string, number> {
    const target = this.#activeLink?.target;
    return {
      ...this.#outcomes.figures,
      upstream_waiting: this.#links.reduce((sum, { unanswered }) => sum + unanswered, 0),
      upstream_difficulty_bits: target === undefined ? 0 : HASH_BITS - target.toString(2).length,
    };
  }

  /** Sends a share up, where it is worth something there. */
  submit(work: HashedWork): void {
    if (this.#links.some((link) => link.submit(work))) return;
    this.#outcomes.note({ kind: 'lost', words: 'its job was too many jobs ago' }, about(work));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#looking);
    await Promise.all(this.#links.map((link) => link.close()));
  }

  get #activeLink(): UpstreamLink | undefined {
    return this.#active === undefined ? undefined : this.#links[this.#active];
  }

  #link(account: UpstreamAccount): UpstreamLink {
    const { log, backoff, silenceLimitMs, onJob, onVersionMask, onFigures } = this.#options;
    const isActive = (): boolean => this.#activeLink === link;
    const link: UpstreamLink = new UpstreamLink({
      account,
      log,
      ...(backoff && { backoff }),
      ...(silenceLimitMs !== undefined && { silenceLimitMs }),
      events: {
        changed: () => this.#look(),
        nextNumber: () => ++this.#number,
        job: (job) => {
          if (isActive()) onJob(job);
        },
        versionMask: (mask) => {
          if (isActive()) onVersionMask(mask);
        },
        answered: (work, outcome) => {
          this.#outcomes.note(outcome, { upstream: link.name, ...about(work) });
          onFigures();
        },
      },
    });
    return link;
  }

  #look(): void {
    if (this.#looking === undefined || this.#isClosed) return;
    const now = performance.now();
    const { returnAfterMs = RETURN_AFTER_MS } = this.#options;
    const used = this.#activeLink;
    if (used && used.wellSince === undefined) this.#outageSince = used.illSince;
    const state = { active: this.#active, outageSince: this.#outageSince };
    const { active, wanted } = chooseUpstream(this.#links, state, now, returnAfterMs);
    const isMoved = active !== this.#active;
    this.#active = active;
    for (const [place, link] of this.#links.entries()) link.want(wanted[place] ?? false);
    if (isMoved) this.#move();
    this.#tellTarget();
    this.#tellStatus();
  }

  /** Jobs of another upstream are worth nothing at this one. */
  #move(): void {
    const link = this.#activeLink;
    const job = link?.latest;
    if (!link || !job) return;
    const isOther = link !== this.#last;
    this.#last = link;
    this.#options.log.info({ upstream: link.name }, 'jobs are those of this upstream');
    this.#options.onJob(isOther ? { ...job, isClean: true } : job);
  }

  #tellTarget(): void {
    const target = this.#activeLink?.target;
    if (target === undefined || target === this.#target) return;
    this.#target = target;
    this.#options.onTarget(target);
  }

  #tellStatus(): void {
    const first = this.#links[0];
    const instead = this.#activeLink ? `; mining for ${this.#activeLink.name} meanwhile` : '';
    const text =
      this.#active === 0
        ? `connected to upstream ${first?.name}`
        : `waiting for upstream ${first?.name}: ${first?.trouble}${instead}`;
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onStatus(text);
  }
}

function about({ hashLe }: HashedWork): { hash: string } {
  return { hash: toHex(reversed(hashLe)) };
}
