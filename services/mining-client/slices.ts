/** So long a slice of work may take before it is the others' turn, in milliseconds. */
const SLICE_MS = 5;
/** The clock is looked at after so many things. */
const AT_ONCE = 16;

/** Work on many things that is done a slice at a time, so that the event loop stands still for none of it. */
export class Slices<T> {
  #left: Iterator<T> | undefined;
  #act: ((item: T) => void) | undefined;
  #done: (() => void) | undefined;
  #next: NodeJS.Immediate | undefined;

  /**
   * Does it for each, the first slice at once. What was begun before is finished first.
   * @param done told after the last
   */
  begin(items: Iterable<T>, act: (item: T) => void, done?: () => void): void {
    this.#slice(Number.POSITIVE_INFINITY);
    this.#left = items[Symbol.iterator]();
    this.#act = act;
    this.#done = done;
    this.#slice(SLICE_MS);
  }

  /** Drops what is left. */
  stop(): void {
    clearImmediate(this.#next);
    this.#left = undefined;
  }

  #slice(milliseconds: number): void {
    clearImmediate(this.#next);
    const until = performance.now() + milliseconds;
    for (let count = 1; this.#left !== undefined; count++) {
      const next = this.#left.next();
      if (next.done) {
        this.#left = undefined;
        this.#done?.();
        return;
      }
      this.#act?.(next.value);
      if (count % AT_ONCE > 0 || performance.now() < until) continue;
      this.#next = setImmediate(() => this.#slice(milliseconds));
      return;
    }
  }
}
