import type { KnownTransactions } from '../../domain/job-declaration/known-transactions.ts';
import type { BlockTemplate } from '../../domain/templates/block-template.ts';
import { equalBytes } from '../../protocols/bytes.ts';

/** What a block on the node's tip must have. */
export interface Tip {
  /** Header byte order. */
  readonly prevHashLe: Uint8Array;
  /** Of the block to be made. */
  readonly height: number;
  /** Compact target. */
  readonly bits: number;
  /** Unix seconds that a block may have. */
  readonly time: number;
}

/** The node's tip as its last template has it, and the transactions of its templates. */
export class NodeView {
  readonly #known: KnownTransactions;
  #tip: Tip | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(known: KnownTransactions) {
    this.#known = known;
  }

  get tip(): Tip | undefined {
    return this.#tip;
  }

  take(template: BlockTemplate): void {
    for (const transaction of template.transactions) this.#known.add(transaction);
    const { prevHashLe, height, bits, currentTime, minimumTime } = template;
    this.#tip = { prevHashLe, height, bits, time: Math.max(currentTime, minimumTime) };
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Calls once, as soon as the node's tip is another than this one.
   * @returns what ends the waiting for it
   */
  whenLeft({ prevHashLe }: Tip, left: () => void): () => void {
    const look = (): void => {
      if (this.#tip === undefined || equalBytes(this.#tip.prevHashLe, prevHashLe)) return;
      this.#waiting.delete(look);
      left();
    };
    this.#waiting.add(look);
    look();
    return () => void this.#waiting.delete(look);
  }

  /**
   * The tip on which a block of this height can be made. A miner's node may be some seconds ahead of ours: until ours
   * has followed, its jobs are early and not wrong.
   * @returns undefined where the node's tip is higher, or not there in time
   */
  tipFor(height: number, patienceMs: number): Promise<Tip | undefined> {
    return new Promise((resolve) => {
      const settle = (tip: Tip | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(tip);
      };
      const look = (): void => {
        const tip = this.#tip;
        if (tip !== undefined && tip.height >= height) settle(tip.height === height ? tip : undefined);
      };
      const timer = setTimeout(() => settle(undefined), patienceMs);
      this.#waiting.add(look);
      look();
    });
  }
}
