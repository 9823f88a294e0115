import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Removed when the process ends, and not with a test: what a test stops at its end may still write to them. */
const folders: string[] = [];

process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder that is gone when the test file's process is. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-'));
  folders.push(folder);
  return folder;
}
