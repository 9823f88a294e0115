import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { fillDisk, freeDisk } from './full-disk.ts';

const run = promisify(execFile);
const MIB = 1024 ** 2;

/** A disk for one database, which can be filled to its last byte. */
export interface SmallDisk {
  readonly folder: string;
  /** Whether it is a disk of its own, or a limit of the process, where nobody may mount. */
  readonly isReal: boolean;
  fill(pid: number, databasePath: string): Promise<void>;
  free(pid: number): Promise<void>;
}

/** A tmpfs of so many MiB in `parent`, which is gone with the test; without the right to mount, a folder. */
export async function smallDisk(t: TestContext, parent: string, mib: number): Promise<SmallDisk> {
  const folder = join(parent, 'disk');
  mkdirSync(folder);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=700`, 'tmpfs', folder]);
  } catch {
    // Nobody but root may: a limit of the process stands for the disk.
    return { folder, isReal: false, fill: fillDisk, free: freeDisk };
  }
  t.after(() => run('umount', ['--lazy', folder]));
  const filler = join(folder, 'filler');
  return {
    folder,
    isReal: true,
    async fill() {
      for (const size of [MIB, 4096, 1]) fillBy(filler, Buffer.alloc(size));
    },
    async free() {
      rmSync(filler);
    },
  };
}

/** Appends until there is no room for one more. */
function fillBy(path: string, chunk: Buffer): void {
  try {
    for (;;) writeFileSync(path, chunk, { flag: 'a' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}
