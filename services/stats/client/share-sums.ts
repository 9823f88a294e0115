import { isBetterHash } from '../../../domain/stats/hashrate.ts';
import { fieldText, type StatsMessage } from '../../../protocols/stats/messages.ts';

/** Kinds of share that are summed at once; beyond, they go out before their time. */
const MAX_KINDS = 20_000;

/** Where a share came from: a channel of the pool's, or a miner of the translator's with channel 0. */
export interface ShareSource {
  readonly connection: number;
  readonly channel: number;
  readonly worker: string;
}

interface Accepted {
  readonly source: ShareSource;
  readonly at: number;
  readonly difficulty: number;
  count: number;
  bestHash: Uint8Array;
  slowestMs: number;
}

interface Rejected {
  readonly source: ShareSource;
  readonly at: number;
  readonly code: string;
  count: number;
}

interface Quotes {
  readonly at: number;
  readonly connection: number;
  count: number;
  amount: bigint;
}

/** Sums shares that are alike within a moment, so that a fast miner costs no more than a slow one. */
export class ShareSums {
  readonly #side: 'pool' | 'proxy';
  readonly #accepted = new Map<string, Accepted>();
  readonly #rejected = new Map<string, Rejected>();
  readonly #quotes = new Map<number, Quotes>();

  constructor(side: 'pool' | 'proxy') {
    this.#side = side;
  }

  /** Whether it is time to take the sums, though they are young. */
  get isFull(): boolean {
    return this.#accepted.size + this.#rejected.size + this.#quotes.size >= MAX_KINDS;
  }

  /** @param share.at Unix ms; @param share.ms from the share to its answer */
  accepted(
    source: ShareSource,
    { at, difficulty, hashLe, ms }: { at: number; difficulty: number; hashLe: Uint8Array; ms: number },
  ): void {
    const key = `${source.connection}/${source.channel}/${difficulty}/${source.worker}`;
    const known = this.#accepted.get(key);
    if (!known) {
      this.#accepted.set(key, { source, at, difficulty, count: 1, bestHash: hashLe, slowestMs: ms });
      return;
    }
    known.count++;
    known.slowestMs = Math.max(known.slowestMs, ms);
    if (isBetterHash(hashLe, known.bestHash)) known.bestHash = hashLe;
  }

  rejected(source: ShareSource, at: number, code: string): void {
    const key = `${source.connection}/${source.channel}/${code}/${source.worker}`;
    const known = this.#rejected.get(key);
    if (known) known.count++;
    else this.#rejected.set(key, { source, at, code, count: 1 });
  }

  quoted(connection: number, at: number, amount: bigint): void {
    const known = this.#quotes.get(connection);
    if (known) {
      known.count++;
      known.amount += amount;
    } else this.#quotes.set(connection, { at, connection, count: 1, amount });
  }

  /** Takes the sums out as events. */
  take(): StatsMessage[] {
    const events = [
      ...[...this.#accepted.values()].map((sum) => this.#acceptedEvent(sum)),
      ...[...this.#rejected.values()].map((sum) => this.#rejectedEvent(sum)),
      ...[...this.#quotes.values()].map(
        ({ at, connection, count, amount }): StatsMessage => ({
          name: 'QuoteCreated',
          at: BigInt(at),
          downstream_id: connection,
          count,
          amount,
        }),
      ),
    ];
    this.#accepted.clear();
    this.#rejected.clear();
    this.#quotes.clear();
    return events;
  }

  #acceptedEvent({ source, at, difficulty, count, bestHash, slowestMs }: Accepted): StatsMessage {
    const shares = {
      at: BigInt(at),
      count,
      difficulty,
      best_hash: bestHash,
      slowest_us: Math.min(0xffffffff, Math.round(slowestMs * 1000)),
      worker: fieldText(source.worker),
    };
    return this.#side === 'pool'
      ? {
          name: 'ShareSubmitted',
          downstream_id: source.connection,
          channel_id: source.channel,
          ...shares,
        }
      : { name: 'MinerShareSubmitted', miner_id: source.connection, ...shares };
  }

  #rejectedEvent({ source, at, code, count }: Rejected): StatsMessage {
    const shares = { at: BigInt(at), count, error_code: fieldText(code), worker: fieldText(source.worker) };
    return this.#side === 'pool'
      ? { name: 'ShareRejected', downstream_id: source.connection, channel_id: source.channel, ...shares }
      : { name: 'MinerShareRejected', miner_id: source.connection, ...shares };
  }
}
