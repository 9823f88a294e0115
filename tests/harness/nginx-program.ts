import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '../../protocols/errors.ts';
import { debianPackage } from './debian-package.ts';

const PACKAGE = 'nginx';
/** What it is installed with, and does not need to run; the C library is there. */
const PROVIDED = ['nginx-common', 'iproute2', 'libc6 (= 9:999)'];

/**
 * Finds nginx: on the path, in /usr/sbin, or Debian's package, fetched into the cache folder at the first call.
 * @throws Error in one line, with what to install
 */
export async function nginxProgram(): Promise<string> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const found = folders.map((folder) => join(folder, PACKAGE)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  try {
    const folder = await debianPackage({ name: PACKAGE, provided: PROVIDED, megabytes: 2 });
    return join(folder, 'usr/sbin', PACKAGE);
  } catch (cause) {
    throw new Error(
      `no nginx: none on the path, and Debian's could not be fetched (${messageOf(cause)}); install ${PACKAGE}`,
      { cause },
    );
  }
}
