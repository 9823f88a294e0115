import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useStore } from './new-place.ts';

/** Runs those test files of a folder once more on PostgreSQL whose text is wanted. */
export async function againOnPostgres(folder: string, isWanted: (text: string) => boolean): Promise<void> {
  useStore('postgres');
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    if (!file.endsWith('.test.ts') || file.endsWith('on-postgres.test.ts')) continue;
    if (isWanted(readFileSync(path, 'utf8'))) await import(path);
  }
}
