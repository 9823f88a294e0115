import type { Worker } from '../api/schemas/workers.ts';
import type { KnownMiner } from './known-miners.ts';

/** What is connected; more channels than the pool takes. */
export const MAX_WORKERS = 100_000;

/** A channel or a Stratum V1 connection that is open. Times are Unix ms. */
export interface LiveWorker {
  readonly kind: Worker['kind'];
  readonly connection: number;
  readonly channel: number;
  /** As the client named itself, without a worker's name. */
  readonly identity: string;
  readonly address: string;
  readonly software: string;
  readonly connectedAt: number;
  /** Whose it is; several where one channel carries the shares of many. */
  readonly miners: Map<string, KnownMiner>;
  name: string;
  difficulty: number;
  accepted: number;
  rejected: number;
  work: bigint;
  lastShareAt: number | undefined;
}

/** What is open now, by connection and channel. */
export class LiveWorkers {
  readonly #open = new Map<string, LiveWorker>();

  get size(): number {
    return this.#open.size;
  }

  /** The newest first. */
  get all(): LiveWorker[] {
    return [...this.#open.values()].toReversed();
  }

  of(connection: number, channel: number): LiveWorker | undefined {
    return this.#open.get(`${connection}/${channel}`);
  }

  /** @returns false where there is no room */
  open(worker: LiveWorker): boolean {
    if (this.size >= MAX_WORKERS) return false;
    this.#open.set(`${worker.connection}/${worker.channel}`, worker);
    return true;
  }

  close(connection: number, channel: number): LiveWorker | undefined {
    const worker = this.of(connection, channel);
    if (worker) this.#open.delete(`${connection}/${channel}`);
    return worker;
  }

  /** All of some connections. */
  take(isOf: (connection: number) => boolean): LiveWorker[] {
    const taken = [...this.#open.values()].filter(({ connection }) => isOf(connection));
    for (const worker of taken) this.close(worker.connection, worker.channel);
    return taken;
  }
}
