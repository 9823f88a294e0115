import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 100;

/**
 * Does `work` while holding a lock file, one process at a time. A lock whose process is gone, or that is older
 * than `limitMs`, is taken over; what `work` does must bear the rare case that two hold it.
 * @throws Error where the lock stays held for `limitMs`
 */
export async function holdingLock<T>(file: string, limitMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + limitMs;
  while (!(await take(file))) {
    if (await isAbandoned(file, limitMs)) await rm(file, { force: true });
    else if (Date.now() > deadline)
      throw new Error(`${file} is held by another process; remove it if there is none`);
    else await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(file: string, limitMs: number): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(file);
    const pid = Number(await readFile(file, 'utf8'));
    if (Date.now() - mtimeMs > limitMs) return true;
    return pid > 0 && !isAlive(pid);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
