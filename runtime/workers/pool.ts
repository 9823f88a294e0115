import { HashpoolError } from '../../protocols/errors.ts';
import type { Input, Output, Tasks } from './channel.ts';
import { Thread } from './thread.ts';

export type { Tasks } from './channel.ts';

/** Calls that may wait for a thread unless its owner says less; beyond, callers are refused rather than buffered. */
const MAX_QUEUED = 100_000;

export interface Workers<T extends Tasks> {
  /** Runs a task on the least busy thread. Rejects with what the task threw, code kept. */
  call<K extends keyof T & string>(name: K, input: Input<T, K>): Promise<Output<T, K>>;
  readonly queued: number;
  /** Settles with the reason where a thread ends unasked: without it, the rest is not to be relied on. */
  readonly died: Promise<HashpoolError>;
  /** Finishes what was asked, then ends the threads. */
  close(): Promise<void>;
}

/**
 * Threads for work that must not run where sockets are served: curve arithmetic, wallets.
 * @param options.module exports `start(data)`, which returns the tasks; a task named `close` runs at the end
 * @param options.data what `start` is given, cloned
 * @param options.maxQueued calls that may wait for one thread
 * @throws HashpoolError what `start` threw
 */
export async function openWorkers<T extends Tasks>(options: {
  module: URL;
  data?: unknown;
  size: number;
  name: string;
  maxQueued?: number;
}): Promise<Workers<T>> {
  const maxQueued = options.maxQueued ?? MAX_QUEUED;
  const entry = new URL('./entry.ts', import.meta.url);
  const workerData = { module: options.module.href, data: options.data };
  const threads = await Promise.all(
    Array.from({ length: options.size }, () => Thread.start(entry, workerData, options.name)),
  );
  const queued = () => threads.reduce((sum, thread) => sum + thread.queued, 0);
  return {
    call: async (name, input) => {
      const thread = threads.reduce((least, next) => (next.queued < least.queued ? next : least));
      if (thread.queued >= maxQueued) {
        throw new HashpoolError('overloaded', `${options.name}: ${maxQueued} calls wait already; try again`);
      }
      return (await thread.call(name, input)) as never;
    },
    get queued() {
      return queued();
    },
    died: Promise.race(threads.map((thread) => thread.died)),
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}
