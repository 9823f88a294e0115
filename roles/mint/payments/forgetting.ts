import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { MintOperations } from '../store/store.ts';
import type { Incoming } from './incoming.ts';

/** How often old quotes are looked for. */
const INTERVAL_MS = 600_000;
/** Quotes dropped in one transaction, and transactions of one look: what is left over waits for the next. */
const BATCH = 500;
const MAX_BATCHES = 200;
const DAY_SECONDS = 86_400;

export interface ForgettingParts {
  readonly store: Store<MintOperations>;
  /** By method. */
  readonly incoming: ReadonlyMap<string, Pick<Incoming, 'toldUntil'>>;
  /** How long after its end a quote is kept; 0 for ever. */
  readonly days: number;
  readonly log: Logger;
}

/** Drops quotes that were never paid, long after they could be: anybody makes as many as he likes, for nothing. */
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
    const { store, incoming, log } = this.#parts;
    try {
      let dropped = await this.#drop(now, (before) =>
        store.call('forgetMeltQuotes', { before, limit: BATCH }),
      );
      for (const [method, { toldUntil }] of incoming) {
        // A payment may have come while the backend was away: its quote is not old before it has told of that.
        const known = Math.min(now, toldUntil ?? 0);
        dropped += await this.#drop(known, (before) =>
          store.call('forgetMintQuotes', { method, before, limit: BATCH }),
        );
      }
      if (dropped > 0) log.info({ dropped }, 'quotes that nobody paid were forgotten');
    } catch (error) {
      log.warn({ err: error }, `old quotes are not forgotten yet: ${messageOf(error)}`);
    }
  }

  async #drop(now: number, dropSome: (before: number) => Promise<number>): Promise<number> {
    const before = Math.floor(now / 1000) - this.#parts.days * DAY_SECONDS;
    if (before <= 0 || this.#parts.days === 0) return 0;
    let dropped = 0;
    for (let batch = 0; batch < MAX_BATCHES && !this.#isClosed; batch++) {
      const count = await dropSome(before);
      dropped += count;
      if (count < BATCH) break;
    }
    return dropped;
  }
}
