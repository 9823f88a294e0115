import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../../protocols/errors.ts';
import { type Finding, failing, type Probe, unknown, well } from '../probe.ts';

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;

/** Free space of the disk that a folder lies on, in bytes. */
export async function freeSpace(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * The fullest of the disks that these folders lie on.
 * @param minBytes what must stay free
 */
export function diskProbe(folders: readonly string[], minBytes: number): Probe {
  return {
    name: 'disk',
    title: 'Disk',
    matters: true,
    remedy: 'Free some space: shares are not taken once they can not be stored',
    async look() {
      const free = Math.min(...(await Promise.all(folders.map(freeSpace))));
      const words = `${(free / GIB).toFixed(1)} GiB free`;
      return free < minBytes ? failing(`${words}, less than ${(minBytes / GIB).toFixed(1)}`) : well(words);
    },
  };
}

export interface BackupPlace {
  /** The folder that backups are put into; undefined where the config names none. */
  readonly folder: string | undefined;
  readonly maxHours: number;
  /** Unix ms. */
  readonly clock: () => number;
}

/** The age of the newest backup. */
export function backupProbe({ folder, maxHours, clock }: BackupPlace): Probe {
  return {
    name: 'backup',
    title: 'Backup',
    matters: false,
    remedy: 'Run `npm run backup`, and see why its timer did not',
    async look(): Promise<Finding> {
      if (folder === undefined) return unknown('[health] backup_path names no folder to look at');
      const newest = await newestFile(folder);
      if (newest === undefined) return failing(`there is none in ${folder}`);
      const hours = (clock() - newest) / HOUR_MS;
      const words = `the newest is ${hours.toFixed(1)} hours old`;
      return hours > maxHours ? failing(`${words}, more than ${maxHours}`) : well(words);
    },
  };
}

async function newestFile(folder: string): Promise<number | undefined> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new Error(`${folder} can't be read (${messageOf(error)})`, { cause: error });
  }
  const times = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  return times.length === 0 ? undefined : Math.max(...times);
}
