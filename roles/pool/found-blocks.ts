import { equalBytes, reversed, toHex } from '../../protocols/bytes.ts';
import type { BlockState } from '../../protocols/ehash/work-link.ts';
import { isHashpoolError, messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Solution } from '../../services/template-client/client.ts';
import { type FoundBlock, solutionOf } from '../../services/template-client/found-block.ts';
import type { BlockCounts } from './outbox/blocks.ts';

/** A block is handed over again so often while nothing tells that the node has it. */
const RETRY_MS = 5_000;
/** After so many times the chain went on without it, or nobody ever answers. */
export const MOST_TRIES = 120;
/** Blocks that wait to be seen; more are found by trials on regtest alone. */
const MOST_UNSEEN = 64;

const words: Readonly<Record<BlockState['state'], string>> = {
  found: 'is in the chain',
  confirmed: 'is confirmed',
  orphaned: 'is orphaned: the chain goes on without it',
};

/** What became of a block, as far as the template provider's word goes; whether it stays in the chain the mint tells. */
export type BlockFate = 'seen' | 'given-up';

export interface FoundBlocksOptions {
  /** The template provider. */
  readonly provider: {
    readonly isConnected: boolean;
    submitSolution(solution: Solution): void;
    /** @throws HashpoolError 'template-id-not-found' where it does not know that template */
    requestTransactionData(templateId: bigint): Promise<unknown>;
  };
  readonly store: {
    addBlock(block: FoundBlock): Promise<void>;
    settleBlock(hashLe: Uint8Array, fate: BlockFate): Promise<void>;
    keepBlockState(block: BlockState): Promise<boolean>;
    countBlocks(): Promise<BlockCounts>;
  };
  /** {@link FoundBlocks.counts} are others. */
  onCounts(): void;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  readonly retryMs?: number;
}

interface Unseen {
  readonly block: FoundBlock;
  tries: number;
  isUnknownTold: boolean;
}

/**
 * Sees to it that found blocks reach the node. The template provider says nothing to a solution, so each is handed over
 * again, on every new connection and after every restart, until a tip tells that the node built upon it, or the mint
 * that its own node had it. From then on the mint, which watches the chain, tells how it stands.
 */
export class FoundBlocks {
  readonly #options: FoundBlocksOptions;
  readonly #unseen = new Map<string, Unseen>();
  #timer: NodeJS.Timeout | undefined;
  #counts: BlockCounts = { found: 0, confirmed: 0, orphaned: 0 };

  /** @param earlier blocks of an earlier run that were not seen to reach the node */
  constructor(options: FoundBlocksOptions, earlier: readonly FoundBlock[]) {
    this.#options = options;
    for (const block of earlier) this.#watch(block);
    this.#count(undefined, 'found blocks of before could not be counted');
  }

  /** Blocks of this and earlier runs, as they are on the disk. */
  get counts(): BlockCounts {
    return this.#counts;
  }

  /** Blocks that the node is not known to have. */
  get waiting(): number {
    return this.#unseen.size;
  }

  /** A block was found: to the template provider first, then to the disk. */
  found(block: FoundBlock): void {
    const { provider, store } = this.#options;
    provider.submitSolution(solutionOf(block));
    this.#count(store.addBlock(block), 'a found block is not on the disk', about(block));
    this.#watch(block);
  }

  /** The mint tells how a block stands, perhaps again, and perhaps a block of the pool's other servers. */
  stands(state: BlockState): void {
    const unseen = this.#unseen.get(toHex(state.hashLe));
    if (unseen) this.#settle(unseen.block, 'seen');
    const kept = this.#options.store.keepBlockState(state).then((isNews) => {
      if (isNews) this.#tell(state);
    });
    this.#count(kept, 'how a block stands is not on the disk', { hash: toHex(reversed(state.hashLe)) });
  }

  /** The template provider is there, perhaps again. */
  connected(): void {
    for (const unseen of this.#unseen.values()) this.#submitAgain(unseen);
  }

  /** The node has a new tip. @param prevHashLe 32 bytes, header order */
  tip(prevHashLe: Uint8Array): void {
    for (const { block } of this.#unseen.values()) {
      if (!equalBytes(block.hashLe, prevHashLe)) continue;
      this.#options.log.info(about(block), 'the node has the found block as its tip');
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
      this.#options.log.debug({ ...about(block), err: error }, `nothing is known of its template`);
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
        { ...about(block), alert: 'block-at-risk', header: toHex(block.header), err: error },
        'the template provider does not know the template of a found block any more, and can not put the block together: it is lost unless the node has it already; look for its hash in the chain',
      );
    }
  }

  #giveUp(block: FoundBlock): void {
    this.#options.log.error(
      { ...about(block), alert: 'block-unseen' },
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
    const settled = this.#options.store.settleBlock(block.hashLe, fate);
    this.#count(settled, 'the fate of a found block is not on the disk', about(block));
  }

  #tell({ hashLe, height, state, confirmations }: BlockState): void {
    const about = { hash: toHex(reversed(hashLe)), height, confirmations };
    this.#options.log[state === 'orphaned' ? 'warn' : 'info'](about, `our block ${height} ${words[state]}`);
  }

  /** Counts anew once a change is on the disk. @param trouble what to say where it can't be */
  #count(change: Promise<unknown> | undefined, trouble: string, about: object = {}): void {
    const { store, log, onCounts } = this.#options;
    Promise.resolve(change)
      .then(() => store.countBlocks())
      .then((counts) => {
        this.#counts = counts;
        onCounts();
      })
      .catch((error: unknown) => log.error({ ...about, err: error }, `${trouble}: ${messageOf(error)}`));
  }
}

function about({ hashLe, templateId }: FoundBlock) {
  return { hash: toHex(reversed(hashLe)), template: String(templateId) };
}
