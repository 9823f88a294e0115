/** What a check has come to: it holds, it does not, or from what there is nobody can tell. */
export type Verdict = 'holds' | 'fails' | 'unproven';

/** One thing that was looked at. */
export interface Finding {
  readonly verdict: Verdict;
  /** A stable name of what was looked at. */
  readonly code: string;
  readonly words: string;
}

export const holds = (code: string, words: string): Finding => ({ verdict: 'holds', code, words });
export const fails = (code: string, words: string): Finding => ({ verdict: 'fails', code, words });
export const unproven = (code: string, words: string): Finding => ({ verdict: 'unproven', code, words });
