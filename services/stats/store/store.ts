import type { Database } from '../../../runtime/sql/database.ts';
import { openStore, type Store } from '../../../runtime/sql/store.ts';
import type { readOperations } from './reads.ts';
import { writeOperations } from './writes.ts';

export { schema } from './schema.ts';

export function operations(db: Database) {
  return writeOperations(db);
}

/** Writes the time series. */
export type StatsWriter = Store<ReturnType<typeof writeOperations>>;
/** Answers what is asked of them, beside whatever is being written. */
export type StatsReader = Store<ReturnType<typeof readOperations>>;

/** The time series, with a thread for those who write and one for those who ask. */
export interface StatsStores {
  readonly writes: StatsWriter;
  readonly reads: StatsReader;
  close(): Promise<void>;
}

/** @param place path of a SQLite file, or URL of a PostgreSQL database */
export async function openStatsStores(place: string): Promise<StatsStores> {
  const writes: StatsWriter = await openStore({
    module: new URL(import.meta.url),
    path: place,
    name: 'stats',
  });
  try {
    const reads: StatsReader = await openStore({
      module: new URL('./reads.ts', import.meta.url),
      path: place,
      name: 'stats reading',
      readOnly: true,
    });
    return {
      writes,
      reads,
      close: async () => {
        await reads.close();
        await writes.close();
      },
    };
  } catch (error) {
    await writes.close();
    throw error;
  }
}
