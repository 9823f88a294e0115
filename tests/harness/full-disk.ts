import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Makes the disk full for one process: none of its files may grow beyond what a database's log has now. Needs no root,
 * and ends with the process.
 * @param databasePath of a database in WAL mode
 */
export async function fillDisk(pid: number, databasePath: string): Promise<void> {
  const bytes = statSync(`${databasePath}-wal`).size;
  await run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
}

/** Gives the process its space back. */
export async function freeDisk(pid: number): Promise<void> {
  await run('prlimit', ['--pid', String(pid), '--fsize=unlimited:']);
}
