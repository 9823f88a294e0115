/** Clients that are remembered; the one not heard of for longest gives way. */
export const MAX_REMEMBERED_CLIENTS = 50_000;
export const REMEMBERED_MS = 24 * 3_600_000;

/**
 * The exponents that clients' shares proved, by `user_identity`, for their next connection: so that it begins where
 * the last one ended, and doesn't begin easier by being new. Only what shares proved is to be noted, never a
 * client's word or its silence.
 */
export class DifficultyMemory {
  readonly #capacity: number;
  readonly #proven = new Map<string, { readonly k: number; readonly at: number }>();

  constructor(capacity = MAX_REMEMBERED_CLIENTS) {
    this.#capacity = capacity;
  }

  /** @param now milliseconds, of a clock that only goes forward */
  note(userIdentity: string, k: number, now: number): void {
    this.#proven.delete(userIdentity);
    this.#proven.set(userIdentity, { k, at: now });
    for (const oldest of this.#proven.keys()) {
      if (this.#proven.size <= this.#capacity) break;
      this.#proven.delete(oldest);
    }
  }

  /** @returns undefined where nothing was proven within the last day */
  recall(userIdentity: string, now: number): number | undefined {
    const proven = this.#proven.get(userIdentity);
    if (!proven) return undefined;
    if (now - proven.at < REMEMBERED_MS) return proven.k;
    this.#proven.delete(userIdentity);
    return undefined;
  }
}
