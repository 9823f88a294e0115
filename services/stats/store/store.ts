import type { Database } from '../../../runtime/sql/database.ts';
import { openStore, type Store } from '../../../runtime/sql/store.ts';
import { readOperations } from './reads.ts';
import { writeOperations } from './writes.ts';

export { schema } from './schema.ts';

/** Everything that the store thread of a stats service can do. */
export function operations(db: Database) {
  return { ...readOperations(db), ...writeOperations(db) };
}

export type StatsOperations = ReturnType<typeof operations>;
export type StatsStore = Store<StatsOperations>;

/** @param place path of a SQLite file, or URL of a PostgreSQL database */
export function openStatsStore(place: string): Promise<StatsStore> {
  return openStore<StatsOperations>({ module: new URL(import.meta.url), path: place, name: 'stats' });
}
