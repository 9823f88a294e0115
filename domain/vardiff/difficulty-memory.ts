/** Names that are remembered; the one not heard of for longest gives way. */
export const MAX_REMEMBERED_NAMES = 50_000;
export const REMEMBERED_MS = 24 * 3_600_000;

interface Memory {
  /** Undefined where nothing is proven, and where several channels bear the name. */
  readonly k: number | undefined;
  readonly isShared: boolean;
  /** The newest channel of that name. */
  readonly session: number;
  readonly at: number;
}

/**
 * The exponents that clients' shares proved, by a client's name, for its next channel: so that it begins where the last
 * one ended, and doesn't begin easier by being new. Only what shares proved is to be noted, never a client's word or its
 * silence. Of miners that share a name nothing is remembered, for none could be told from another.
 */
export class DifficultyMemory {
  readonly #capacity: number;
  readonly #memories = new Map<string, Memory>();

  constructor(capacity = MAX_REMEMBERED_NAMES) {
    this.#capacity = capacity;
  }

  /**
   * To be asked when a channel opens.
   * @param session the channel's, larger than that of each channel before
   * @param now milliseconds, of a clock that only goes forward
   * @returns the exponent that was proven within the last day, if any
   */
  recall(name: string, session: number, now: number): number | undefined {
    const { k, isShared, at } = this.#fresh(name, now) ?? { k: undefined, isShared: false, at: now };
    this.#set(name, { k, isShared, session, at });
    return k;
  }

  /** Keeps what was proven by the channel of `session`, unless a newer one shows that the name is no single miner's. */
  note(name: string, session: number, k: number, now: number): void {
    const before = this.#fresh(name, now);
    const newest = Math.max(session, before?.session ?? session);
    const isShared = before?.isShared || session < newest;
    this.#set(name, { k: isShared ? undefined : k, isShared, session: newest, at: now });
  }

  #fresh(name: string, now: number): Memory | undefined {
    const memory = this.#memories.get(name);
    return memory && now - memory.at < REMEMBERED_MS ? memory : undefined;
  }

  #set(name: string, memory: Memory): void {
    this.#memories.delete(name);
    this.#memories.set(name, memory);
    for (const oldest of this.#memories.keys()) {
      if (this.#memories.size <= this.#capacity) break;
      this.#memories.delete(oldest);
    }
  }
}
