import { decodeHeader } from '../../../protocols/bitcoin/header.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ChainView } from '../chain/chain-view.ts';
import type { Engine } from '../engine.ts';
import type { Losses } from '../losses.ts';
import type { SettledWork, WaitingWork } from '../store/work.ts';
import { isAheadOfClock, judgeHeader } from './judge.ts';

/** Quotes looked at between two commits. */
const PAGE = 500;

/**
 * Quotes whose prev hash the node did not know when they came, or whose time was ahead of the mint's clock: looked at
 * again on every new tip.
 */
export class WaitingRoom {
  readonly #engine: Engine;
  readonly #chain: Pick<ChainView, 'network' | 'parent'>;
  readonly #losses: Pick<Losses, 'reasonFor'>;
  readonly #clock: () => number;
  readonly #log: Logger;
  #running: Promise<void> | undefined;
  #isStale = false;

  constructor(
    engine: Engine,
    chain: Pick<ChainView, 'network' | 'parent'>,
    losses: Pick<Losses, 'reasonFor'>,
    clock: () => number,
    log: Logger,
  ) {
    this.#engine = engine;
    this.#chain = chain;
    this.#losses = losses;
    this.#clock = clock;
    this.#log = log;
  }

  /** Looks through all that wait, one pass at a time; a call during a pass makes for one more. */
  recheck(): Promise<void> {
    this.#isStale = true;
    this.#running ??= this.#passes().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when no pass is under way. */
  async close(): Promise<void> {
    await this.#running;
  }

  async #passes(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      try {
        await this.#pass();
      } catch (error) {
        this.#log.error(
          { err: error },
          `waiting quotes could not be looked at, the next tip tries again: ${messageOf(error)}`,
        );
      }
    }
  }

  async #pass(): Promise<void> {
    let page: WaitingWork[];
    let after = 0;
    // Work that waits comes in runs on one prev hash: the node is asked for each once.
    const unknown = new Set<string>();
    do {
      page = await this.#engine.waiting(after, PAGE);
      const settled: SettledWork[] = [];
      for (const work of page) {
        const verdict = await this.#judge(work, unknown);
        if (verdict) settled.push(verdict);
      }
      if (settled.length > 0) {
        await this.#engine.settle(settled);
        this.#log.info({ quotes: settled.length }, 'waiting quotes have their verdict now');
      }
      after = page.at(-1)?.quote ?? after;
    } while (page.length === PAGE);
  }

  async #judge(
    { quoteId, poolId, header: bytes }: WaitingWork,
    unknown: Set<string>,
  ): Promise<SettledWork | undefined> {
    const header = decodeHeader(bytes);
    const prevHash = toHex(reversed(header.prevHashLe));
    if (unknown.has(prevHash)) return undefined;
    const epoch = this.#engine.epochs.current(poolId);
    const parent = await this.#chain.parent(prevHash);
    if (!parent) unknown.add(prevHash);
    if (!parent || !epoch) return undefined;
    const reason = judgeHeader(header, parent, this.#chain.network, epoch) ?? this.#losses.reasonFor(parent);
    if (reason === undefined && isAheadOfClock(header, Math.floor(this.#clock() / 1000))) return undefined;
    return { quoteId, segment: epoch.segment, reason };
  }
}
