/** Commits whose time is kept; while more wait, the newest share one time. */
const MAX_COMMITS = 10_000;

/** How long shares wait for the mint: from their commit to its answer. */
export class QuoteClock {
  /** Oldest first: the number of a commit's last share, and when it was committed, Unix ms. */
  #commits: { last: number; at: number }[] = [];
  #answered: number;

  /** @param stored shares that the mint had at the start; @param waiting the last that it had not, and since when */
  constructor(stored: number, waiting: { readonly last: number; readonly at: number }) {
    this.#answered = stored;
    if (waiting.last > stored) this.#commits.push({ ...waiting });
  }

  /** When the oldest share was committed that the mint has not answered, Unix ms. */
  get oldestAt(): number | undefined {
    return this.#commits[0]?.at;
  }

  created(last: number, at: number): void {
    const newest = this.#commits.at(-1);
    if (newest && this.#commits.length >= MAX_COMMITS) newest.last = last;
    else this.#commits.push({ last, at });
  }

  /** The mint has all up to that share. @returns how many that are, and their mean wait; 0 where that is no news */
  answered(last: number, now: number): { count: number; delayMs: number } {
    let waited = 0;
    let count = 0;
    let done = 0;
    for (const commit of this.#commits) {
      if (this.#answered >= last) break;
      const until = Math.min(commit.last, last);
      const shares = Math.max(0, until - this.#answered);
      waited += shares * Math.max(0, now - commit.at);
      count += shares;
      this.#answered = until;
      if (commit.last <= last) done++;
    }
    this.#commits = this.#commits.slice(done);
    this.#answered = Math.max(this.#answered, last);
    return { count, delayMs: count === 0 ? 0 : Math.round(waited / count) };
  }
}
