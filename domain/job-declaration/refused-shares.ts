/** Codes of SubmitShares.Error that say nothing against a pool: the share's tip is gone, or it was handed in before. */
const HARMLESS: ReadonlySet<string> = new Set(['stale-share', 'duplicate-share']);
/** So many in a row, over so long, are no accident: what a tip that changes makes stale is not counted. */
const MOST_REFUSED = 10;
const PATIENCE_MS = 20_000;

/** Whether a pool pays for the jobs that it has accepted, told by its answers to their shares. */
export class RefusedShares {
  #inARow = 0;
  #since = 0;

  accepted(): void {
    this.#inARow = 0;
  }

  /**
   * @param code of SubmitShares.Error
   * @param now milliseconds, of a clock that only goes forward
   * @returns whether the pool is to be left; counting begins anew then
   */
  refused(code: string, now: number): boolean {
    if (HARMLESS.has(code)) return false;
    if (this.#inARow === 0) this.#since = now;
    this.#inARow++;
    const isTooMuch = this.#inARow >= MOST_REFUSED && now - this.#since >= PATIENCE_MS;
    if (isTooMuch) this.#inARow = 0;
    return isTooMuch;
  }
}
