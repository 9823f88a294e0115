import type { Logger } from '../../../runtime/logs.ts';
import type { Answer } from './connection.ts';

/** Why an upstream rejected a share, by the numbers of Stratum V1. */
export type RejectReason = 'stale' | 'duplicate' | 'low_difficulty' | 'unauthorized' | 'other';

/** What became of a share at its upstream. `lost`: it never was answered, and can't be any more. */
export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly reason: RejectReason; readonly words: string }
  | { readonly kind: 'lost'; readonly words: string };

const reasons = new Map<number | undefined, RejectReason>([
  [21, 'stale'],
  [22, 'duplicate'],
  [23, 'low_difficulty'],
  [24, 'unauthorized'],
  [25, 'unauthorized'],
]);

export function outcomeOf(answer: Exclude<Answer, { kind: 'cut' }>): Outcome {
  if (answer.kind === 'granted') return { kind: 'accepted' };
  return { kind: 'rejected', reason: reasons.get(answer.code) ?? 'other', words: answer.words };
}

/** So many of the latest outcomes are looked at. */
const WINDOW = 200;
/** Fewer say nothing. */
const LEAST = 20;
/** Above this part the operator pays for work that nobody pays for: time to look. */
const TOO_MANY = 0.1;

/** Counts what becomes of shares at the upstreams, and raises an alert where too many come to nothing. */
export class Outcomes {
  readonly #log: Pick<Logger, 'info' | 'error' | 'debug'>;
  readonly #counts = {
    accepted: 0,
    lost: 0,
    stale: 0,
    duplicate: 0,
    low_difficulty: 0,
    unauthorized: 0,
    other: 0,
  };
  /** Whether each of the latest was accepted, oldest first. */
  readonly #latest: boolean[] = [];
  #isAlerted = false;

  constructor(log: Pick<Logger, 'info' | 'error' | 'debug'>) {
    this.#log = log;
  }

  get figures(): Record<string, number> {
    const { accepted, lost, ...rejected } = this.#counts;
    const sum = Object.values(rejected).reduce((total, count) => total + count, 0);
    const byReason = Object.entries(rejected).map(([reason, count]) => [
      `upstream_rejected_${reason}`,
      count,
    ]);
    return {
      upstream_accepted: accepted,
      upstream_rejected: sum,
      upstream_lost: lost,
      ...Object.fromEntries(byReason),
    };
  }

  /** @param about which share at which upstream */
  note(outcome: Outcome, about: object): void {
    const isAccepted = outcome.kind === 'accepted';
    this.#counts[outcome.kind === 'rejected' ? outcome.reason : outcome.kind]++;
    if (isAccepted) this.#log.debug(about, 'the upstream accepted a share');
    else if (outcome.kind === 'rejected')
      this.#log.info({ ...about, reason: outcome.reason }, `the upstream rejected a share: ${outcome.words}`);
    else this.#log.debug(about, `a share did not reach the upstream: ${outcome.words}`);
    this.#latest.push(isAccepted);
    if (this.#latest.length > WINDOW) this.#latest.shift();
    this.#watch();
  }

  #watch(): void {
    const bad = this.#latest.filter((isAccepted) => !isAccepted).length;
    const part = bad / this.#latest.length;
    if (part < TOO_MANY / 2) this.#isAlerted = false;
    if (this.#isAlerted || this.#latest.length < LEAST || part < TOO_MANY) return;
    this.#isAlerted = true;
    this.#log.error(
      { alert: 'upstream-rejects', of: this.#latest.length, not_accepted: bad, ...this.figures },
      `the upstream did not accept ${bad} of the latest ${this.#latest.length} shares: their miners are paid in ehash, and nobody pays for them; see the reasons in this log`,
    );
  }
}
