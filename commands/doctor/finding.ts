/** What the doctor says of one thing: well, worth knowing, or wrong with what to do. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'bad';
  /** Which of the doctor's subjects it belongs to. */
  readonly about: string;
  readonly words: string;
  readonly remedy?: string;
}

export function ok(about: string, words: string): Finding {
  return { level: 'ok', about, words };
}

export function warn(about: string, words: string, remedy: string): Finding {
  return { level: 'warn', about, words, remedy };
}

export function bad(about: string, words: string, remedy: string): Finding {
  return { level: 'bad', about, words, remedy };
}
