import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useStore } from '../../harness/new-place.ts';

/** Every test of this folder that opens a mint, once more on PostgreSQL; payments-on-postgres.test.ts has those of payments. */
useStore('postgres');
for (const file of readdirSync(import.meta.dirname)) {
  const path = join(import.meta.dirname, file);
  if (!file.endsWith('.test.ts') || file.endsWith('on-postgres.test.ts')) continue;
  const text = readFileSync(path, 'utf8');
  // Those that ask for PostgreSQL themselves have had it.
  if (/openTestMint|newPlace/.test(text) && !text.includes('testPostgres')) await import(path);
}
