import { setTimeout as delay } from 'node:timers/promises';
import {
  type BlockTemplate,
  parseBlockTemplate,
  type TransactionCache,
} from '../../domain/templates/block-template.ts';
import type { NetworkName } from '../../protocols/bitcoin/network.ts';
import { equalBytes, fromHex, reversed } from '../../protocols/bytes.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import { assertNodeReady } from './node-trouble.ts';

/** Pause before the node is tried again. */
const RETRY_MS = 1_000;
/** Pause before a failed long poll is tried again; the tip is polled meanwhile. */
const LONG_POLL_RETRY_MS = 10_000;
/** bitcoind answers a long poll at a new tip, or after a minute where its mempool has changed. */
const LONG_POLL_LIMIT_MS = 30 * 60_000;

export interface NodeWatchOptions {
  readonly rpc: BitcoinRpc;
  readonly network: NetworkName;
  readonly tipPollMs: number;
  readonly feeCheckMs: number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
  /** Gets each template; `isNewTip` where it builds on another block, or for another target, than the one before. */
  onTemplate(template: BlockTemplate, isNewTip: boolean): void;
  /** Gets in words what is waited for, and undefined when the node works again. */
  onTrouble(trouble: string | undefined): void;
}

/**
 * Follows the node's best block until the signal ends it: by long poll, and by asking often for the best block's
 * hash, which is cheap and goes on where long polls fail. Whatever the node's trouble, it is said and waited for.
 */
export async function watchNode(options: NodeWatchOptions): Promise<void> {
  const watch = new NodeWatch(options);
  let lastTrouble: string | undefined;
  while (!options.signal.aborted) {
    try {
      await watch.connect();
      if (lastTrouble !== undefined) options.log.info('the node works again');
      lastTrouble = undefined;
      options.onTrouble(undefined);
      await watch.follow();
    } catch (error) {
      if (options.signal.aborted) return;
      const trouble = messageOf(error);
      if (trouble !== lastTrouble) options.log.warn(`no templates: ${trouble}; trying again`);
      lastTrouble = trouble;
      options.onTrouble(trouble);
      await pause(RETRY_MS, options.signal);
    }
  }
}

class NodeWatch {
  readonly #options: NodeWatchOptions;
  readonly #known: TransactionCache = new Map();
  #current: BlockTemplate | undefined;
  #fetchedAt = 0;
  #tipChangedAt = 0;

  constructor(options: NodeWatchOptions) {
    this.#options = options;
  }

  /** Checks the node and fetches a first template. */
  async connect(): Promise<void> {
    const { rpc, network, signal } = this.#options;
    await assertNodeReady(rpc, network, signal);
    await this.#fetch(signal);
  }

  /** Long poll and polling side by side; ends by throwing what polling found wrong with the node. */
  async follow(): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#options.signal]);
    const longPolling = this.#longPoll(signal);
    try {
      await this.#poll(signal);
    } finally {
      ended.abort();
      await longPolling;
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { rpc, tipPollMs, feeCheckMs } = this.#options;
    while (!signal.aborted) {
      await pause(tipPollMs, signal);
      const best = await rpc.call('getbestblockhash', [], { signal, retry: { attempts: 1 } });
      const isNewTip = !this.#isOn(best);
      if (isNewTip || performance.now() - this.#fetchedAt >= feeCheckMs) await this.#fetch(signal);
    }
  }

  async #longPoll(signal: AbortSignal): Promise<void> {
    let isFailing = false;
    while (!signal.aborted) {
      const longpollid = this.#current?.longPollId;
      try {
        if (longpollid === undefined) throw new HashpoolError('no-long-poll', 'the node offers no long poll');
        await this.#fetch(signal, { longpollid });
        isFailing = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!isFailing) this.#options.log.warn(`long poll failed, polling instead: ${messageOf(error)}`);
        isFailing = true;
        await pause(LONG_POLL_RETRY_MS, signal);
      }
    }
  }

  async #fetch(signal: AbortSignal, longPoll?: { longpollid: string }): Promise<void> {
    const askedAt = performance.now();
    const request = { rules: ['segwit'], ...longPoll };
    const limits = { signal, retry: { attempts: 1 }, ...(longPoll ? { timeoutMs: LONG_POLL_LIMIT_MS } : {}) };
    const answer = await this.#options.rpc.call('getblocktemplate', [request], limits);
    const template = parseBlockTemplate(answer, this.#known);
    if (await this.#isOvertaken(template, askedAt, signal)) return;
    this.#accept(template);
  }

  /** An answer asked for before the tip last changed may be older than the tip: the node is asked which holds. */
  async #isOvertaken(template: BlockTemplate, askedAt: number, signal: AbortSignal): Promise<boolean> {
    if (askedAt >= this.#tipChangedAt || !isOtherTip(template, this.#current)) return false;
    const best = await this.#options.rpc.call('getbestblockhash', [], { signal, retry: { attempts: 1 } });
    return !isHash(best, template.prevHashLe);
  }

  #accept(template: BlockTemplate): void {
    const now = performance.now();
    const isNewTip = isOtherTip(template, this.#current);
    this.#current = template;
    this.#fetchedAt = now;
    if (isNewTip) this.#tipChangedAt = now;
    this.#options.onTemplate(template, isNewTip);
  }

  #isOn(best: unknown): boolean {
    return this.#current !== undefined && isHash(best, this.#current.prevHashLe);
  }
}

/** On test chains the target may also change while the tip stands. */
function isOtherTip(template: BlockTemplate, current: BlockTemplate | undefined): boolean {
  if (current === undefined || template.bits !== current.bits) return true;
  return !equalBytes(template.prevHashLe, current.prevHashLe);
}

function isHash(displayed: unknown, hashLe: Uint8Array): boolean {
  return typeof displayed === 'string' && equalBytes(reversed(fromHex(displayed, 'block hash')), hashLe);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the pause, and the loops look at the signal themselves.
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
