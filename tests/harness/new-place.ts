import { join } from 'node:path';
import { schema } from '../../roles/mint/store/schema.ts';
import { openPostgres } from '../../runtime/sql/postgres/open.ts';
import { type TestPostgres, testPostgres } from './postgres.ts';
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

/** Whether tests run on a server, where each of many databases takes its time. */
export function isOnServer(): boolean {
  return process.env[STORE] === 'postgres';
}

/** Where a test's mint may have its database, on the store that tests run on: a new one, without any rows. */
export async function newPlace(): Promise<string> {
  if (!isOnServer()) return join(temporaryFolder(), 'mint.sqlite');
  const server = await testPostgres();
  template ??= withTables(server);
  return server.newDatabase(await template);
}

let template: Promise<string> | undefined;

/** A database that has the mint's tables: a copy of it is sooner made than the tables are. */
async function withTables(server: TestPostgres): Promise<string> {
  const url = await server.newDatabase();
  openPostgres(url, schema).close();
  return url;
}
