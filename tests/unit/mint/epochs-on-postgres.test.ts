import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useStore } from '../../harness/new-place.ts';

/** Every test on a scene of epochs, once more on PostgreSQL, but those that on-postgres.test.ts has. */
useStore('postgres');
for (const file of readdirSync(import.meta.dirname)) {
  const path = join(import.meta.dirname, file);
  if (!file.endsWith('.test.ts') || file.endsWith('on-postgres.test.ts')) continue;
  const text = readFileSync(path, 'utf8');
  if (/epochScene|payoutScene/.test(text) && !/openTestMint|newPlace/.test(text)) await import(path);
}
