/** Ids of jobs, one sequence for all channels, so that a job is the same for all with one tag. */
export class JobIds {
  #next: number;

  /**
   * @param first unsigned 32-bit but not 0; random, so that no job of a pool that starts again, or of another one, is
   *   taken for a job of this one
   */
  constructor(first: number) {
    this.#next = first;
  }

  next(): number {
    const id = this.#next;
    this.#next = id === 0xffffffff ? 1 : id + 1;
    return id;
  }
}
