/** Jobs of one upstream that may wait for consent; of more, the oldest is given up. */
export const MAX_JOBS = 16;

/** Where a job is on its way; times in milliseconds. */
export type Stage =
  /** Its transactions, the link or a token are waited for. */
  | { readonly name: 'preparing' }
  | { readonly name: 'declaring'; readonly until: number }
  /** The pool's channel is waited for. */
  | { readonly name: 'declared' }
  | { readonly name: 'setting'; readonly until: number }
  | { readonly name: 'pausing'; readonly until: number; readonly next: 'preparing' | 'declared' };

/** The job is older than the pool's tip as the pool has it: one that is made later may not be. */
export const TOO_EARLY = 'invalid-min-ntime';

/**
 * What a refusal is about: `race`, what time mends, tips most of all; `token`, which a fresh one mends; `early`, which
 * another job mends; `refusal`, the job itself.
 */
export type Trouble = 'race' | 'token' | 'early' | 'refusal';

/** Stands for the code of an answer that did not come. */
export const UNANSWERED = 'unanswered';

/**
 * Codes of DeclareMiningJob.Error and SetCustomMiningJob.Error that say nothing against the job: the chain or the
 * server's own state was another one at that moment.
 */
const RACES: ReadonlySet<string> = new Set([
  'stale-chain-tip',
  'invalid-nbits',
  'missing-txs',
  'internal-error',
  'too-many-declarations',
  'too-many-jobs',
  UNANSWERED,
]);

export function troubleOf(code: string): Trouble {
  if (RACES.has(code)) return 'race';
  if (code === TOO_EARLY) return 'early';
  return code === 'invalid-mining-job-token' ? 'token' : 'refusal';
}

/**
 * Milliseconds for which a job may meet a trouble before it is a reason to leave the upstream. A node that is behind for
 * two minutes is no race any more. Of a refusal, which comes twice then, the second counts. Of jobs that are too early it is
 * the time since one was taken.
 */
export const PATIENCE: Readonly<Record<Trouble, number>> = {
  race: 120_000,
  token: 20_000,
  early: 120_000,
  refusal: 500,
};

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 8000;

/** Milliseconds until a job is tried again. @param failures that it has had before */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 3));
}
