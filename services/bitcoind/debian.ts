import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { aptConfiguration, debianMirror, downloadPackage } from './apt.ts';
import { type BitcoindCommand, type BitcoindEnvironment, INSTALL_REMEDY } from './locate.ts';
import { holdingLock } from './lock.ts';
import { run } from './run.ts';

const PACKAGE = 'bitcoin-knots';
const PROVIDED = ['debconf', 'debconf-2.0', 'systemd-sysusers', 'systemd-standalone-sysusers'];
/** Longest that one fetch may take; a lock older than this belongs to nobody. */
const FETCH_LIMIT_MS = 300_000;

/**
 * bitcoind out of Debian unstable's packages, unpacked into the cache folder and run through the loader that
 * came with them, so that nothing is installed and the system's own libraries are not used.
 * @throws HashpoolError 'no-bitcoind' where the machine has no apt or the mirror cannot be reached
 */
export async function debianBitcoind(
  environment: BitcoindEnvironment,
  say: (line: string) => void,
): Promise<BitcoindCommand> {
  const cache = cacheFolder(environment);
  const unpacked = join(cache, PACKAGE);
  try {
    const found = await unpackedCommand(unpacked);
    if (found !== undefined) return found;
    await mkdir(cache, { recursive: true });
    return await holdingLock(join(cache, 'fetching'), FETCH_LIMIT_MS, async () => {
      const fetchedMeanwhile = await unpackedCommand(unpacked);
      if (fetchedMeanwhile !== undefined) return fetchedMeanwhile;
      say(`fetching ${PACKAGE} from Debian unstable into ${cache} (about 20 MB, once)`);
      await fetchInto(cache, unpacked, environment);
      const command = await unpackedCommand(unpacked);
      if (command === undefined) throw new Error(`${PACKAGE} holds no bitcoind or no loader`);
      return command;
    });
  } catch (cause) {
    const message = `no bitcoind: none on the path, and Debian's could not be fetched (${messageOf(cause)}); ${INSTALL_REMEDY}`;
    throw new HashpoolError('no-bitcoind', message, { cause });
  }
}

/** Where fetched software is kept: HASHPOOL_CACHE, else $XDG_CACHE_HOME/hashpool, else .cache in the project. */
export function cacheFolder(environment: BitcoindEnvironment): string {
  const named = environment['HASHPOOL_CACHE'];
  if (named !== undefined && named !== '') return resolve(named, 'bitcoind');
  const xdg = environment['XDG_CACHE_HOME'];
  if (xdg !== undefined && xdg !== '') return resolve(xdg, 'hashpool', 'bitcoind');
  return resolve(import.meta.dirname, '..', '..', '.cache', 'bitcoind');
}

/** Fetches in a folder of its own and renames it into place, so that a half-done one is never used. */
async function fetchInto(cache: string, unpacked: string, environment: BitcoindEnvironment): Promise<void> {
  const work = join(cache, `work-${process.pid}`);
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    const source = { mirror: await debianMirror(environment), suite: 'unstable', provided: PROVIDED };
    const configuration = await aptConfiguration(join(work, 'apt'), source, environment);
    const root = join(work, 'root');
    for (const archive of await downloadPackage(PACKAGE, configuration, environment)) {
      await run('dpkg-deb', ['--extract', archive, root], environment);
    }
    await rm(unpacked, { recursive: true, force: true });
    await rename(root, unpacked);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The command for what lies unpacked in `root`; undefined where nothing does. */
async function unpackedCommand(root: string): Promise<BitcoindCommand | undefined> {
  const libraries = join(root, 'usr', 'lib');
  const folders = await readdir(libraries, { withFileTypes: true }).catch(() => []);
  const paths = folders.filter((entry) => entry.isDirectory()).map((entry) => join(libraries, entry.name));
  for (const folder of paths) {
    const loader = (await readdir(folder)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
    if (loader === undefined) continue;
    const bitcoind = join(root, 'usr', 'bin', 'bitcoind');
    if (!existsSync(bitcoind)) continue;
    const file = join(folder, loader);
    return { file, arguments: ['--library-path', folder, bitcoind], origin: 'debian-packages' };
  }
  return undefined;
}
