import { decodeHeader } from '../../../protocols/bitcoin/header.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ChainView } from '../chain/chain-view.ts';
import type { Engine } from '../engine.ts';
import type { Losses } from '../losses.ts';
import type { SettledWork, WaitingWork } from '../store/work.ts';
import { isAheadOfClock, judgeHeader, judgeProof } from './judge.ts';
import type { Stamps } from './stamper.ts';

/** Quotes looked at between two commits. */
const PAGE = 500;

/** What quotes that wait are looked at with. */
export interface WaitingRoomParts {
  readonly engine: Engine;
  readonly chain: Pick<ChainView, 'network' | 'parent'>;
  readonly stamps: Stamps;
  readonly losses: Pick<Losses, 'reasonFor'>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly log: Logger;
}

/**
 * Quotes whose segment could not be told when they came, because of their prev hash, or whose time was ahead of the mint's
 * clock: looked at again on every new tip.
 */
export class WaitingRoom {
  readonly #parts: WaitingRoomParts;
  #running: Promise<void> | undefined;
  #isStale = false;
  #news = 0;

  constructor(parts: WaitingRoomParts) {
    this.#parts = parts;
  }

  /** How often there was news that may end a wait. */
  get news(): number {
    return this.#news;
  }

  /** There is news: looks through all that wait. */
  recheck(): Promise<void> {
    this.#news++;
    return this.look();
  }

  /** Looks through all that wait, one pass at a time; a call during a pass makes for one more. Never rejects. */
  look(): Promise<void> {
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
        this.#parts.log.error(
          { err: error },
          `waiting quotes could not be looked at, the next tip tries again: ${messageOf(error)}`,
        );
      }
    }
  }

  async #pass(): Promise<void> {
    const { engine, log } = this.#parts;
    let page: WaitingWork[];
    let after = 0;
    // Work that waits comes in runs on one prev hash: the node is asked for each once.
    const unknown = new Set<string>();
    do {
      page = await engine.waiting(after, PAGE);
      const settled: SettledWork[] = [];
      for (const work of page) {
        const verdict = await this.#judge(work, unknown);
        if (verdict) settled.push(verdict);
      }
      if (settled.length > 0) {
        await engine.settle(settled);
        log.info({ quotes: settled.length }, 'waiting quotes have their verdict now');
      }
      after = page.at(-1)?.quote ?? after;
    } while (page.length === PAGE);
  }

  async #judge(
    { quoteId, poolId, header: bytes, k, shareHashLe }: WaitingWork,
    unknown: Set<string>,
  ): Promise<SettledWork | undefined> {
    const { engine, chain, stamps, losses, clock } = this.#parts;
    const header = decodeHeader(bytes);
    const prevHash = toHex(reversed(header.prevHashLe));
    const place = `${toHex(poolId)} ${prevHash}`;
    if (unknown.has(place)) return undefined;
    const firstHeight = engine.epochs.firstHeight(poolId);
    const parent = await chain.parent(prevHash);
    const stamp = parent && (await stamps.stamp(poolId, header.prevHashLe));
    if (!stamp) unknown.add(place);
    if (!stamp || firstHeight === undefined) return undefined;
    const exponent = judgeProof(shareHashLe, k, stamp);
    const reason =
      judgeHeader(header, parent, chain.network, firstHeight) ??
      losses.reasonFor(parent) ??
      (typeof exponent === 'string' ? exponent : undefined);
    if (reason === undefined && isAheadOfClock(header, Math.floor(clock() / 1000))) return undefined;
    return {
      quoteId,
      segment: stamp.segment,
      reason,
      ...(typeof exponent === 'number' ? { exponent } : {}),
    };
  }
}
