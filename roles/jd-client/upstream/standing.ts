import { RefusedShares } from '../../../domain/job-declaration/refused-shares.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ShareVerdict } from '../../../services/mining-client/pending-shares.ts';

/** A pool that refuses our shares may take our jobs all the same: it is not mined for again before so long. */
const SHARES_REFUSED_MS = 600_000;

/** How a pool and its jd-server stand: what is there of them, what they are waited for, what they refuse. */
export class Standing {
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #changed: () => void;
  readonly #shares = new RefusedShares();
  readonly #there = { channel: false, link: false, outputs: false };
  readonly #troubles = { pool: 'not connected', declarator: 'not connected' };
  /** Why we are refused, until a job is taken from that time on, milliseconds of performance.now(). */
  #refusal: { readonly why: string; readonly until: number } | undefined;
  #wellSince: number | undefined;

  /** @param changed told whenever it may be another one */
  constructor(log: Pick<Logger, 'warn' | 'info'>, changed: () => void) {
    this.#log = log;
    this.#changed = changed;
  }

  /** Milliseconds of performance.now(); undefined while it is not well. */
  get wellSince(): number | undefined {
    return this.#wellSince;
  }

  get hasRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Whether it is there and refuses what we bring. */
  get isRefused(): boolean {
    return this.hasRefused && this.#isThere;
  }

  /** Why it is not well, in words. */
  get trouble(): string {
    if (this.#refusal && this.#isThere) return this.#refusal.why;
    if (!this.#there.channel) return this.#troubles.pool;
    return this.#there.link ? 'its jd-server has given no token yet' : this.#troubles.declarator;
  }

  /** What of it is there, or no longer is. */
  have(what: 'channel' | 'link' | 'outputs', isThere: boolean): void {
    this.#there[what] = isThere;
    this.#look();
  }

  troubled(who: 'pool' | 'declarator', words: string): void {
    this.#troubles[who] = words;
    this.#changed();
  }

  /** The pool took a job. */
  taken(): void {
    if (this.#refusal && performance.now() >= this.#refusal.until) {
      this.#log.info('the pool takes our jobs again');
      this.#refusal = undefined;
    }
    this.#look();
  }

  /** Jobs are refused, and it is no race. @param code of the last refusal */
  refuses(code: string): void {
    this.#leave(`our jobs are refused: ${code}`, 0);
  }

  /** What the pool says of a share of a job that it took. */
  judged(verdict: ShareVerdict): void {
    const now = performance.now();
    if (verdict.kind === 'accepted') this.#shares.accepted();
    else if (verdict.kind === 'refused' && this.#shares.refused(verdict.code, now))
      this.#leave(`our shares are refused: ${verdict.code}`, now + SHARES_REFUSED_MS);
  }

  get #isThere(): boolean {
    return Object.values(this.#there).every((isThere) => isThere);
  }

  #leave(why: string, until: number): void {
    this.#log.warn(`${why}, and it is no race; miners are moved if they can be`);
    this.#refusal = { why, until };
    this.#look();
  }

  #look(): void {
    if (!this.#isThere || this.#refusal) this.#wellSince = undefined;
    else this.#wellSince ??= performance.now();
    this.#changed();
  }
}
