import { join } from 'node:path';
import { testPostgres } from './postgres.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type StoreName = 'sqlite' | 'postgres';

/** Names the store that the mint's tests run on. */
const STORE = 'HASHPOOL_TEST_STORE';

/**
 * The mint's tests of a folder run on SQLite by themselves; another test file of the folder, on-postgres.test.ts,
 * calls this and imports them once more.
 */
export function useStore(name: StoreName): void {
  process.env[STORE] = name;
}

/** Where a test's mint may have its database, on the store that tests run on: a new one, empty. */
export async function newPlace(): Promise<string> {
  if (process.env[STORE] !== 'postgres') return join(temporaryFolder(), 'mint.sqlite');
  return (await testPostgres()).newDatabase();
}
