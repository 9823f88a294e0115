import { reversed, toHex } from '../../protocols/bytes.ts';
import type { BlockState } from '../../protocols/ehash/work-link.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { FoundBlock } from '../../services/template-client/found-block.ts';
import {
  aboutBlock,
  type BlockFate,
  type BlockTaker,
  UnseenBlocks,
} from '../../services/template-client/unseen-blocks.ts';
import type { BlockCounts } from './outbox/blocks.ts';

const LAST_RESORT = 'it is lost unless the node has it already; look for its hash in the chain';

const words: Readonly<Record<BlockState['state'], string>> = {
  found: 'is in the chain',
  confirmed: 'is confirmed',
  orphaned: 'is orphaned: the chain goes on without it',
};

export interface FoundBlocksOptions {
  readonly provider: BlockTaker;
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

/**
 * The pool's blocks, from when they are found: handed over until a tip or the mint tells that a node has them, see
 * {@link UnseenBlocks}. From then on the mint, which watches the chain, tells how they stand.
 */
export class FoundBlocks {
  readonly #options: FoundBlocksOptions;
  readonly #unseen: UnseenBlocks;
  #counts: BlockCounts = { found: 0, confirmed: 0, orphaned: 0 };

  /** @param earlier blocks of an earlier run that were not seen to reach the node */
  constructor(options: FoundBlocksOptions, earlier: readonly FoundBlock[]) {
    this.#options = options;
    const settled = (block: FoundBlock, fate: BlockFate): void =>
      this.#count(
        options.store.settleBlock(block.hashLe, fate),
        'the fate of a found block is not on the disk',
        aboutBlock(block),
      );
    this.#unseen = new UnseenBlocks({ ...options, settled, lastResort: LAST_RESORT }, earlier);
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
    this.#unseen.found(block);
    const stored = this.#options.store.addBlock(block);
    this.#count(stored, 'a found block is not on the disk', aboutBlock(block));
  }

  /** The mint tells how a block stands, perhaps again, and perhaps a block of the pool's other servers. */
  stands(state: BlockState): void {
    this.#unseen.seen(state.hashLe);
    const kept = this.#options.store.keepBlockState(state).then((isNews) => {
      if (isNews) this.#tell(state);
    });
    this.#count(kept, 'how a block stands is not on the disk', { hash: toHex(reversed(state.hashLe)) });
  }

  /** See {@link UnseenBlocks.connected}. */
  connected(): void {
    this.#unseen.connected();
  }

  /** See {@link UnseenBlocks.tip}. */
  tip(prevHashLe: Uint8Array): void {
    this.#unseen.tip(prevHashLe);
  }

  close(): void {
    this.#unseen.close();
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
