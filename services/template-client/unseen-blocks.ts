import { equalBytes, reversed, toHex } from '../../protocols/bytes.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Solution } from './client.ts';
import { type FoundBlock, solutionOf } from './found-block.ts';

/** A block is handed over again so often while nothing tells that the node has it. */
export const RETRY_MS = 5_000;
/** After so many times the chain went on without it, or nobody ever answers. */
export const MOST_TRIES = 120;
/** Blocks that wait to be seen; more are found by trials on regtest alone. */
const MOST_UNSEEN = 64;

/** What became of a block, as far as the template provider's word goes. */
export type BlockFate = 'seen' | 'given-up';

/** What blocks are handed to. */
export interface BlockTaker {
  readonly isConnected: boolean;
  submitSolution(solution: Solution): void;
  /** @throws HashpoolError 'template-id-not-found' where it does not know that template */
  requestTransactionData(templateId: bigint): Promise<unknown>;
}

export interface UnseenBlocksOptions {
  readonly provider: BlockTaker;
  /** The block need not be kept any longer. */
  settled(block: FoundBlock, fate: BlockFate): void;
  /** What to do about a block whose template the provider has forgotten, in words. */
  readonly lastResort: string;
  readonly log: Pick<Logger, 'debug' | 'info' | 'error'>;
  readonly retryMs?: number;
}

interface Unseen {
  readonly block: FoundBlock;
  tries: number;
  isUnknownTold: boolean;
}

/**
 * Sees to it that found blocks reach the node. The template provider says nothing to a solution, so each is handed over
 * again, on every new connection and after every restart, until a tip tells that the node built upon it.
 */
export class UnseenBlocks {
  readonly #options: UnseenBlocksOptions;
  readonly #unseen = new Map<string, Unseen>();
  #timer: NodeJS.Timeout | undefined;

  /** @param earlier blocks of an earlier run that were not seen to reach the node */
  constructor(options: UnseenBlocksOptions, earlier: readonly FoundBlock[]) {
    this.#options = options;
    for (const block of earlier) this.#watch(block);
  }

  get size(): number {
    return this.#unseen.size;
  }

  /** A block was found: it goes to the template provider at once. */
  found(block: FoundBlock): void {
    this.#options.provider.submitSolution(solutionOf(block));
    this.#watch(block);
  }

  /** Somebody else knows that the block has reached a node. */
  seen(hashLe: Uint8Array): void {
    const unseen = this.#unseen.get(toHex(hashLe));
    if (unseen) this.#settle(unseen.block, 'seen');
  }

  /** The template provider is there, perhaps again. */
  connected(): void {
    for (const unseen of this.#unseen.values()) this.#submitAgain(unseen);
  }

  /** The node has a new tip. @param prevHashLe 32 bytes, header order */
  tip(prevHashLe: Uint8Array): void {
    for (const { block } of this.#unseen.values()) {
      if (!equalBytes(block.hashLe, prevHashLe)) continue;
      this.#options.log.info(aboutBlock(block), 'the node has the found block as its tip');
      this.#settle(block, 'seen');
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #watch(block: FoundBlock): void {
    this.#unseen.set(toHex(block.hashLe), { block, tries: 0, isUnknownTold: false });
    const [oldest] = this.#unseen.values();
    if (this.#unseen.size > MOST_UNSEEN && oldest !== undefined) this.#giveUp(oldest.block);
    const { provider, retryMs = RETRY_MS } = this.#options;
    this.#timer ??= setInterval(() => {
      if (provider.isConnected) this.connected();
    }, retryMs);
  }

  #submitAgain(unseen: Unseen): void {
    const { block } = unseen;
    if (unseen.tries++ >= MOST_TRIES) {
      this.#giveUp(block);
      return;
    }
    this.#options.provider.submitSolution(solutionOf(block));
    this.#askForTemplate(unseen).catch((error: unknown) => {
      this.#options.log.debug({ ...aboutBlock(block), err: error }, `nothing is known of its template`);
    });
  }

  /** A solution of a template that the provider has forgotten comes to nothing, and without a word of the provider's. */
  async #askForTemplate(unseen: Unseen): Promise<void> {
    if (unseen.isUnknownTold) return;
    const { block } = unseen;
    try {
      await this.#options.provider.requestTransactionData(block.templateId);
    } catch (error) {
      if (!isHashpoolError(error, 'template-id-not-found') || unseen.isUnknownTold) throw error;
      unseen.isUnknownTold = true;
      this.#options.log.error(
        { ...aboutBlock(block), alert: 'block-at-risk', header: toHex(block.header), err: error },
        `the template provider does not know the template of a found block any more, and can not put the block together: ${this.#options.lastResort}`,
      );
    }
  }

  #giveUp(block: FoundBlock): void {
    this.#options.log.error(
      { ...aboutBlock(block), alert: 'block-unseen' },
      'a found block was never seen as the tip: another one was first, or it did not reach the node; look for its hash in the chain',
    );
    this.#settle(block, 'given-up');
  }

  #settle(block: FoundBlock, fate: BlockFate): void {
    this.#unseen.delete(toHex(block.hashLe));
    if (this.#unseen.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.#options.settled(block, fate);
  }
}

/** A found block in a log. */
export function aboutBlock({ hashLe, templateId }: FoundBlock) {
  return { hash: toHex(reversed(hashLe)), template: String(templateId) };
}
