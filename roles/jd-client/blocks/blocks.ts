import type { HashedWork } from '../../../domain/shares/validate-share.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { type FoundBlock, foundBlock } from '../../../services/template-client/found-block.ts';
import {
  aboutBlock,
  type BlockTaker,
  MOST_TRIES,
  RETRY_MS,
  UnseenBlocks,
} from '../../../services/template-client/unseen-blocks.ts';
import type { Work } from '../work.ts';
import type { BlockFile } from './block-file.ts';
import type { LateOutcome } from './declare-late.ts';
import type { KeptBlock, PushedBlock } from './kept-block.ts';

const LAST_RESORT = 'only a jd-server that has its transactions still can; look for its hash in the chain';

export interface BlocksOptions {
  readonly provider: BlockTaker;
  readonly work: Pick<Work, 'of'>;
  readonly file: Pick<BlockFile, 'recovered' | 'keep' | 'drop' | 'close'>;
  /** Transactions of a template, whole and in block order. */
  transactionsOf(templateId: bigint): Promise<readonly Uint8Array[]>;
  /** See {@link declareLate}. @throws HashpoolError where it is to be tried again */
  declareLate(pushed: PushedBlock, transactions: readonly Uint8Array[]): Promise<LateOutcome>;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  readonly retryMs?: number;
}

interface Pending extends KeptBlock {
  tries: number;
  /** Whether the jd-server has it, or is being told, or can't be. */
  isTold: boolean;
}

/**
 * Hands found blocks in: to the node and to the jd-server at once; to the pool each goes as the share that it is. Until
 * the node is known to have it, a block is handed in again to both, each whenever it is there, over a restart too.
 */
export class Blocks {
  readonly #options: BlocksOptions;
  readonly #unseen: UnseenBlocks;
  readonly #pending = new Map<string, Pending>();
  readonly #timer: NodeJS.Timeout;
  #found = 0;

  constructor(options: BlocksOptions) {
    this.#options = options;
    const { file, provider, log, retryMs = RETRY_MS } = options;
    for (const kept of file.recovered) {
      log.info(aboutBlock(kept.block), 'a found block of before is handed in again');
      this.#pending.set(toHex(kept.block.hashLe), { ...kept, tries: 0, isTold: false });
    }
    this.#unseen = new UnseenBlocks(
      { provider, log, retryMs, lastResort: LAST_RESORT, settled: (block) => this.#settled(block) },
      file.recovered.map(({ block }) => block),
    );
    this.#timer = setInterval(() => this.#declareAgain(), retryMs);
  }

  /** Since the start. */
  get found(): number {
    return this.#found;
  }

  /** Blocks that the node is not known to have. */
  get unseen(): number {
    return this.#unseen.size;
  }

  take(found: HashedWork): void {
    this.#found++;
    const { work, file, log } = this.#options;
    const made = work.of(found);
    const hash = toHex(reversed(found.hashLe));
    if (!made) {
      log.error({ hash, alert: 'block-at-risk' }, 'a block was found of a job that is forgotten');
      return;
    }
    const { job, taker } = made;
    const block = { ...foundBlock(found), templateId: job.template.template_id };
    const pushed = taker.push(job, found);
    const pending = { block, pushed, transactions: undefined, tries: 0, isTold: false };
    this.#pending.set(toHex(block.hashLe), pending);
    this.#unseen.found(block);
    file.keep(pending);
    if (pushed) void this.#gather(pending);
    log.info({ hash, for: taker.name }, 'block found and handed in');
  }

  /** The template provider is there, perhaps again. */
  connected(): void {
    this.#unseen.connected();
    for (const pending of this.#pending.values())
      if (pending.pushed && !pending.transactions) void this.#gather(pending);
  }

  /** The node has a new tip. @param prevHashLe 32 bytes, header order */
  tip(prevHashLe: Uint8Array): void {
    this.#unseen.tip(prevHashLe);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#pending.clear();
    this.#unseen.close();
    this.#options.file.close();
  }

  #settled({ hashLe }: FoundBlock): void {
    this.#pending.delete(toHex(hashLe));
    this.#options.file.drop(hashLe);
  }

  /** Without its transactions no jd-server takes the job a second time. */
  async #gather(pending: Pending): Promise<void> {
    const { file, log, transactionsOf } = this.#options;
    const { block, pushed } = pending;
    const place = toHex(block.hashLe);
    try {
      const transactions = await transactionsOf(block.templateId);
      if (this.#pending.get(place) !== pending) return;
      const whole = { ...pending, transactions };
      this.#pending.set(place, whole);
      file.keep({ block, pushed, transactions });
    } catch (error) {
      const words = 'the transactions of a found block are not there, so that it can not be declared again';
      log.warn({ ...aboutBlock(block), err: error }, `${words}: ${messageOf(error)}`);
    }
  }

  #declareAgain(): void {
    for (const pending of this.#pending.values())
      if (!pending.isTold && pending.pushed && pending.transactions)
        void this.#declare(pending, pending.pushed, pending.transactions);
  }

  async #declare(pending: Pending, pushed: PushedBlock, transactions: readonly Uint8Array[]): Promise<void> {
    const { declareLate, log } = this.#options;
    const about = { ...aboutBlock(pending.block), pool: pushed.pool };
    pending.isTold = true;
    try {
      const outcome = await declareLate(pushed, transactions);
      log.info(
        about,
        outcome === 'pushed'
          ? 'the jd-server was told of the found block once more'
          : 'the jd-server has another tip than the found block was mined on: it has the block, or another',
      );
    } catch (error) {
      pending.isTold = ++pending.tries >= MOST_TRIES;
      const words = `a found block could not be handed to the jd-server again: ${messageOf(error)}`;
      log[pending.tries === 1 || pending.isTold ? 'warn' : 'debug'](about, words);
    }
  }
}
