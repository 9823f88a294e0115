import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { aptConfiguration, debianMirror, downloadPackage } from '../../services/bitcoind/apt.ts';
import { cacheFolder } from '../../services/bitcoind/debian.ts';
import { holdingLock } from '../../services/bitcoind/lock.ts';
import { run } from '../../services/bitcoind/run.ts';

const SUITE = 'bookworm';
const FETCH_LIMIT_MS = 300_000;

export interface DebianPackage {
  readonly name: string;
  /** What it depends on and the tests' use of it does not, as apt's versioned names. */
  readonly provided: readonly string[];
  /** What is downloaded, about. */
  readonly megabytes: number;
}

/**
 * A package of Debian 12 with its dependencies, unpacked into the cache folder and installed nowhere; fetched at the
 * first call.
 * @returns the folder that stands for its root
 * @throws Error where it can't be fetched
 */
export async function debianPackage({ name, provided, megabytes }: DebianPackage): Promise<string> {
  const cache = join(cacheFolder(process.env), '..', name);
  const unpacked = join(cache, 'unpacked');
  await mkdir(cache, { recursive: true });
  await holdingLock(join(cache, 'fetching'), FETCH_LIMIT_MS, async () => {
    if (existsSync(unpacked)) return;
    process.stderr.write(`fetching ${name} from Debian into ${cache} (about ${megabytes} MB, once)\n`);
    const work = join(cache, 'work');
    await rm(work, { recursive: true, force: true });
    const source = { mirror: await debianMirror(process.env), suite: SUITE, provided };
    const configuration = await aptConfiguration(join(work, 'apt'), source, process.env);
    for (const archive of await downloadPackage(name, configuration, process.env)) {
      await run('dpkg-deb', ['--extract', archive, join(work, 'root')], process.env);
    }
    await rename(join(work, 'root'), unpacked);
    await rm(work, { recursive: true, force: true });
  });
  return unpacked;
}
