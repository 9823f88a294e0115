import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useStore } from '../../harness/new-place.ts';

/** Every test of this folder that opens a mint, once more on PostgreSQL. */
useStore('postgres');
for (const file of readdirSync(import.meta.dirname)) {
  const path = join(import.meta.dirname, file);
  if (!file.endsWith('.test.ts') || path === import.meta.filename) continue;
  if (/openTest(Mint|Payments)|newPlace/.test(readFileSync(path, 'utf8'))) await import(path);
}
