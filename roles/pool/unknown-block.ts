import type { Logger } from '../../runtime/logs.ts';

/** A node may hear of a block later than another one does. */
export const UNKNOWN_BLOCK_MS = 30_000;

export interface UnknownBlockOptions {
  /** Where the pool's work comes from, as words of a log have it. */
  readonly source: string;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Words for a status, '' where there is nothing to say. */
  readonly say: (words: string) => void;
}

/** Sees that miners work on a block that the mint's node does not know, as on a wrong chain: nobody is paid for that. */
export class UnknownBlock {
  readonly #options: UnknownBlockOptions;
  #since: number | undefined;
  #isTold = false;

  constructor(options: UnknownBlockOptions) {
    this.#options = options;
  }

  /** The mint has looked at shares. @param unplaced how many of these build on a block that is not known */
  judged(count: number, unplaced: number): void {
    if (unplaced > 0) this.#see();
    else if (count > 0) this.#forget();
  }

  #see(): void {
    const { source, now, log, say } = this.#options;
    this.#since ??= now();
    if (this.#isTold || now() - this.#since < UNKNOWN_BLOCK_MS) return;
    this.#isTold = true;
    const words = `the mint's node does not know the block that shares build on, and they are not paid until it does: that node is away or behind, or ${source} is on another chain`;
    log.error({ alert: 'unknown-block' }, words);
    say(`waiting: ${words}`);
  }

  #forget(): void {
    this.#since = undefined;
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#options.log.info("the mint's node knows the blocks again that shares build on");
    this.#options.say('');
  }
}
