import type { Input, Output, Tasks } from '../workers/channel.ts';
import { Thread } from '../workers/thread.ts';
import type { StoreThreadData } from './store-thread.ts';

/** Calls that share one commit at most; it bounds how long a commit takes. */
const CALLS_PER_COMMIT = 4096;

export interface Store<O extends Tasks> {
  /** Runs an operation; resolves after the commit that holds it is on the disk, rejects where it threw or the commit failed. */
  call<K extends keyof O & string>(name: K, input: Input<O, K>): Promise<Output<O, K>>;
  readonly pending: number;
  /** Settles with the reason where the thread ends unasked. */
  readonly died: Promise<Error>;
  /** Commits what is pending and closes the database. */
  close(): Promise<void>;
}

/**
 * A database in a thread of its own. Whatever gathers while one commit is under way goes into the next, so
 * that a disk flush is shared by as many as wait for it and nobody waits for a timer.
 * @param options.module exports `schema` and `operations(db, data)`; see store-thread.ts
 * @param options.journalFolder where a journal of its changes is kept, if one is
 * @param options.readOnly for a database that another store writes to, and has brought to this version: neither of
 * the two waits for the other
 * @throws HashpoolError 'database-newer', 'database-open'
 */
export async function openStore<O extends Tasks>(options: {
  module: URL;
  path: string;
  name: string;
  data?: unknown;
  journalFolder?: string | undefined;
  readOnly?: boolean;
}): Promise<Store<O>> {
  const entry = new URL('./store-thread.ts', import.meta.url);
  const { module, path, data, journalFolder, readOnly = false } = options;
  const workerData: StoreThreadData = { module: module.href, path, data, journalFolder, readOnly };
  const thread = await Thread.start(entry, workerData, `${options.name} store`, CALLS_PER_COMMIT);
  return {
    call: async (name, input) => (await thread.call(name, input)) as never,
    get pending() {
      return thread.queued;
    },
    died: thread.died,
    close: () => thread.close(),
  };
}
