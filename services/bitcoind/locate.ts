import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { HashpoolError } from '../../protocols/errors.ts';
import { debianBitcoind } from './debian.ts';

/** How to run bitcoind: `file` with `arguments` before bitcoind's own. */
export interface BitcoindCommand {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Where it was found: the variable, the path, or Debian's packages in the cache folder. */
  readonly origin: 'HASHPOOL_BITCOIND' | 'PATH' | 'debian-packages';
}

/** The parts of the environment that say where bitcoind and the cache are. */
export type BitcoindEnvironment = Readonly<Record<string, string | undefined>>;

/** What to do where no bitcoind is found; ends each such message. */
export const INSTALL_REMEDY =
  'install Bitcoin Core or Knots 28 or later so that bitcoind is on the path, or set HASHPOOL_BITCOIND to it';

/**
 * Finds a bitcoind: HASHPOOL_BITCOIND, then the path, then Debian's packages unpacked into the cache
 * folder (fetched at the first call, which takes some seconds).
 * @throws HashpoolError 'no-bitcoind' saying what was tried and what to install
 */
export async function locateBitcoind(
  environment: BitcoindEnvironment = process.env,
  say: (line: string) => void = () => undefined,
): Promise<BitcoindCommand> {
  const named = environment['HASHPOOL_BITCOIND'];
  if (named !== undefined && named !== '') {
    if (!(await isExecutable(named))) {
      const message = `HASHPOOL_BITCOIND names ${named}, which is not an executable file; correct or unset it`;
      throw new HashpoolError('no-bitcoind', message);
    }
    return { file: named, arguments: [], origin: 'HASHPOOL_BITCOIND' };
  }
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, 'bitcoind');
    if (isAbsolute(folder) && (await isExecutable(file))) return { file, arguments: [], origin: 'PATH' };
  }
  return debianBitcoind(environment, say);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
