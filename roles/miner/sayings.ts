/** The same words are told again after so long. */
const AGAIN_AFTER_MS = 60_000;
/** Different words that are remembered. */
const MAX_WORDS = 100;

/** What many machines say at once, for a log that wants to hear it once. */
export class Sayings {
  readonly #saidAt = new Map<string, number>();

  /** @param now milliseconds @returns whether nobody has said it lately */
  isNews(words: string, now: number): boolean {
    const saidAt = this.#saidAt.get(words);
    if (saidAt !== undefined && now - saidAt < AGAIN_AFTER_MS) return false;
    this.#saidAt.delete(words);
    this.#saidAt.set(words, now);
    const oldest = this.#saidAt.keys().next().value;
    if (this.#saidAt.size > MAX_WORDS && oldest !== undefined) this.#saidAt.delete(oldest);
    return true;
  }
}
