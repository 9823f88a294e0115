import type { SubscriptionKind } from './kinds.ts';

/** Objects that are read in one call of the store. */
const READ_AT_ONCE = 200;
/** How soon a read that failed is tried again. */
const RETRY_MS = 1_000;

/** One filter of one subscription. */
interface Watch {
  readonly tell: (payload: string) => void;
  /** What it was told last. */
  told: string;
}

/**
 * All that is watched of one kind. Whoever watches is told how the object stands, first and after each change; what
 * changes while it is being read is read again, and nobody is told the same twice in a row. One read serves all who
 * watch the same object.
 */
export class Topic {
  readonly kind: SubscriptionKind;
  readonly #onError: (error: unknown) => void;
  readonly #watches = new Map<string, Set<Watch>>();
  /** Objects of which somebody may not know how they stand. */
  readonly #stale = new Set<string>();
  #isReading = false;
  #retry: NodeJS.Timeout | undefined;

  /** @param onError is told why a read failed; it is tried again */
  constructor(kind: SubscriptionKind, onError: (error: unknown) => void) {
    this.kind = kind;
    this.#onError = onError;
  }

  /**
   * Watches an object.
   * @param id as `kind.idOf` gives it
   * @param tell is given the object as JSON, not before this call has returned
   * @returns what ends it
   */
  watch(id: string, tell: (payload: string) => void): () => void {
    const watch: Watch = { tell, told: '' };
    const watches = this.#watches.get(id) ?? new Set();
    this.#watches.set(id, watches.add(watch));
    this.changed(id);
    return () => {
      watches.delete(watch);
      if (watches.size > 0 || this.#watches.get(id) !== watches) return;
      this.#watches.delete(id);
      this.#stale.delete(id);
    };
  }

  /** An object stands otherwise than before; every one of the kind may, where none is named. */
  changed(id?: string): void {
    if (id === undefined) for (const watched of this.#watches.keys()) this.#stale.add(watched);
    else if (this.#watches.has(id)) this.#stale.add(id);
    this.#read();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#watches.clear();
    this.#stale.clear();
  }

  #read(): void {
    if (this.#isReading || this.#retry || this.#stale.size === 0) return;
    this.#isReading = true;
    void this.#pass().finally(() => {
      this.#isReading = false;
      this.#read();
    });
  }

  /** Reads some of what is stale. Whatever becomes stale meanwhile is read by the next pass. */
  async #pass(): Promise<void> {
    // All filters of one request are there by then.
    await undefined;
    const ids = [...this.#stale.values().take(READ_AT_ONCE)];
    for (const id of ids) this.#stale.delete(id);
    try {
      const objects = await this.kind.read(ids);
      ids.forEach((id, i) => {
        this.#tell(id, objects[i]);
      });
    } catch (error) {
      for (const id of ids) if (this.#watches.has(id)) this.#stale.add(id);
      this.#onError(error);
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#read();
      }, RETRY_MS).unref();
    }
  }

  #tell(id: string, object: object | undefined): void {
    const watches = this.#watches.get(id);
    if (!watches || !object) return;
    const payload = JSON.stringify(object);
    for (const watch of watches) {
      if (watch.told === payload) continue;
      watch.told = payload;
      watch.tell(payload);
    }
  }
}
