/** So long a slice of work may take before it is the others' turn, in milliseconds. */
const SLICE_MS = 2;
/** The clock is looked at after so many things. */
const AT_ONCE = 16;
/** What may be begun and not finished; with more, all is finished at once. */
export const MAX_BEGUN = 4;

interface Task<T> {
  readonly left: Iterator<T>;
  act(item: T): void;
  done?(): void;
}

/** Work on many things that is done a slice at a time, so that the event loop stands still for none of it. */
export class Slices<T> {
  /** The first is under way. */
  readonly #tasks: Task<T>[] = [];
  #next: NodeJS.Immediate | undefined;

  /**
   * Does it for each, the first slice at once; or, where something was begun before, when that is finished.
   * @param done told after the last
   */
  begin(items: Iterable<T>, act: (item: T) => void, done?: () => void): void {
    this.#tasks.push({ left: items[Symbol.iterator](), act, ...(done && { done }) });
    if (this.#tasks.length === 1) this.#slice(SLICE_MS);
    else if (this.#tasks.length > MAX_BEGUN) this.#slice(Number.POSITIVE_INFINITY);
  }

  /** Drops what is left. */
  stop(): void {
    clearImmediate(this.#next);
    this.#tasks.length = 0;
  }

  #slice(milliseconds: number): void {
    clearImmediate(this.#next);
    const until = performance.now() + milliseconds;
    for (let count = 1; ; count++) {
      const task = this.#tasks[0];
      if (task === undefined) return;
      const next = task.left.next();
      if (next.done) {
        this.#tasks.shift();
        task.done?.();
      } else task.act(next.value);
      if (count % AT_ONCE > 0 || performance.now() < until) continue;
      this.#next = setImmediate(() => this.#slice(SLICE_MS));
      return;
    }
  }
}
