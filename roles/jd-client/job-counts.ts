/** Reasons that are told apart; jd-servers and pools may say anything. */
const MAX_REASONS = 32;
const OTHERS = 'other';

/** What became of the jobs that were made for pools, since the start. */
export class JobCounts {
  made = 0;
  accepted = 0;
  readonly #refused = new Map<string, number>();

  /** Answers that refused a job, by code. */
  get refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  /** @param code of DeclareMiningJob.Error or SetCustomMiningJob.Error */
  refuse(code: string): void {
    const isKnown = this.#refused.has(code) || this.#refused.size < MAX_REASONS - 1;
    const reason = isKnown ? code : OTHERS;
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }
}
