import { DatabaseSync } from 'node:sqlite';
import { HashpoolError } from '../../protocols/errors.ts';

/** The hold of one supervisor on its state folder. The operating system lets go of it with the process. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes the state folder for this process. The lock is SQLite's own on a small database, so that one left by
 * a dead process is no lock at all, whatever its process id has become.
 * @param path the lock file; its folder must exist
 * @throws HashpoolError 'state-in-use' naming the process that has it
 */
export function lockFolder(path: string, pid: number): FolderLock {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    begin(db);
    db.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL) STRICT; DELETE FROM holder');
    db.prepare('INSERT INTO holder VALUES (?)').run(pid);
    // Committed so that others can read who it is, then held.
    db.exec('COMMIT');
    begin(db);
  } catch (cause) {
    const holder = holderOf(db);
    db.close();
    if (!isBusy(cause)) throw cause;
    const who = holder === undefined ? 'another process' : `process ${holder}`;
    throw new HashpoolError(
      'state-in-use',
      `${who} runs on this state folder: stop it, or name another by --state`,
      {
        cause,
      },
    );
  }
  return { release: () => db.close() };
}

function begin(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
}

function holderOf(db: DatabaseSync): number | undefined {
  try {
    const pid = db.prepare('SELECT pid FROM holder').get()?.['pid'];
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    // The holder is just now writing its name.
    return undefined;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
