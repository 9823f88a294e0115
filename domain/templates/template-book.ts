/** How long a template lives on after the tip it was built on was replaced. */
export const STALE_LIFE_MS = 10_000;
/** Templates of one tip that are kept; a client mines on the newest few at most. */
export const MOST_TEMPLATES = 512;

interface Entry<T> {
  readonly template: T;
  /** Milliseconds at which it is forgotten; undefined while its tip stands. */
  expiresAt: number | undefined;
}

/**
 * The templates that clients may still ask about, by id. Ids only grow, also over a restart, so that an id of an
 * earlier run never means another template.
 */
export class TemplateBook<T> {
  readonly #entries = new Map<bigint, Entry<T>>();
  #lastId: bigint;

  /** @param now Unix milliseconds */
  constructor(now: number) {
    this.#lastId = BigInt(now) << 16n;
  }

  /** Takes a template on the standing tip; gives its id, an unsigned 64-bit integer. */
  add(template: T): bigint {
    const id = ++this.#lastId;
    this.#entries.set(id, { template, expiresAt: undefined });
    if (this.#entries.size > MOST_TEMPLATES) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return id;
  }

  /** The tip was replaced: all templates so far are stale, and forgotten after a while. */
  retireAll(now: number): void {
    for (const [id, entry] of this.#entries) {
      if (entry.expiresAt !== undefined && entry.expiresAt <= now) this.#entries.delete(id);
      entry.expiresAt ??= now + STALE_LIFE_MS;
    }
  }

  /** A template that is not forgotten yet. */
  find(id: bigint, now: number): { template: T; isStale: boolean } | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    if (entry.expiresAt === undefined) return { template: entry.template, isStale: false };
    return entry.expiresAt > now ? { template: entry.template, isStale: true } : undefined;
  }
}
