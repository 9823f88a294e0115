import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { OldMintQuote } from '../store/forgetting.ts';
import type { MintOperations } from '../store/store.ts';
import type { PaymentBackend } from './backend.ts';

/** How often old quotes are looked for. */
const INTERVAL_MS = 600_000;
/** Quotes dropped in one transaction, and transactions of one look: what is left over waits for the next. */
const BATCH = 500;
const MAX_BATCHES = 200;
const DAY_SECONDS = 86_400;

export interface ForgettingParts {
  readonly store: Store<MintOperations>;
  readonly methods: ReadonlyMap<string, { readonly backend: Pick<PaymentBackend, 'hasEnded'> }>;
  /** How long after its end a quote is kept; 0 for ever. */
  readonly days: number;
  readonly log: Logger;
}

/**
 * Drops quotes that were never paid, long after they could be: anybody makes as many as he likes, for nothing. The
 * backend has the last word on each: it may know of a payment that the mint has not heard of.
 */
export class Forgetting {
  readonly #parts: ForgettingParts;
  readonly #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: ForgettingParts) {
    this.#parts = parts;
    if (parts.days > 0) this.#timer = setInterval(() => void this.run(Date.now()), INTERVAL_MS);
  }

  /** Drops what is old enough at `now`, in milliseconds since 1970. Never rejects. */
  run(now: number): Promise<void> {
    this.#running ??= this.#run(now).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosed = true;
    await this.#running;
  }

  async #run(now: number): Promise<void> {
    const { days, methods, log } = this.#parts;
    if (days === 0) return;
    const before = Math.floor(now / 1000) - days * DAY_SECONDS;
    try {
      let dropped = await this.#dropMelts(before);
      for (const [method, { backend }] of methods) {
        const hasEnded = backend.hasEnded?.bind(backend);
        if (hasEnded) dropped += await this.#dropMints(method, before, hasEnded);
      }
      if (dropped > 0) log.info({ dropped }, 'quotes that nobody paid were forgotten');
    } catch (error) {
      log.warn({ err: error }, `old quotes are not forgotten yet: ${messageOf(error)}`);
    }
  }

  async #dropMelts(before: number): Promise<number> {
    let dropped = 0;
    for (let batch = 0; batch < MAX_BATCHES && !this.#isClosed; batch++) {
      const count = await this.#parts.store.call('forgetMeltQuotes', { before, limit: BATCH });
      dropped += count;
      if (count < BATCH) break;
    }
    return dropped;
  }

  async #dropMints(
    method: string,
    before: number,
    hasEnded: (lookup: string) => Promise<boolean>,
  ): Promise<number> {
    const { store } = this.#parts;
    let dropped = 0;
    let after: OldMintQuote | undefined;
    for (let batch = 0; batch < MAX_BATCHES && !this.#isClosed; batch++) {
      const old = await store.call('oldMintQuotes', { method, before, limit: BATCH, after });
      const ended: Uint8Array[] = [];
      for (const { id, lookup } of old) if (!this.#isClosed && (await hasEnded(lookup))) ended.push(id);
      if (ended.length > 0) dropped += await store.call('forgetMintQuotes', ended);
      after = old.at(-1);
      if (old.length < BATCH) break;
    }
    return dropped;
  }
}
