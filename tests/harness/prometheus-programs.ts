import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '../../protocols/errors.ts';
import { debianPackage } from './debian-package.ts';

const PACKAGE = 'prometheus';
/** Its web pages are left out. */
const PROVIDED = [
  ...['init-system-helpers', 'adduser', 'fonts-glyphicons-halflings', 'libjs-bootstrap4'],
  ...['libjs-eonasdan-bootstrap-datetimepicker', 'libjs-jquery', 'libjs-jquery-hotkeys', 'libjs-moment'],
  ...['libjs-moment-timezone', 'libjs-mustache', 'libjs-popper.js', 'libjs-rickshaw'],
  'libc6 (= 9:999)',
];

/**
 * Finds Prometheus and promtool: on the path, or Debian's package, fetched into the cache folder at the first call.
 * @returns their folder
 * @throws Error in one line, with what to install
 */
export async function prometheusPrograms(): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.find((each) => [PACKAGE, 'promtool'].every((name) => existsSync(join(each, name))));
  if (found !== undefined) return found;
  try {
    return join(await debianPackage({ name: PACKAGE, provided: PROVIDED, megabytes: 19 }), 'usr', 'bin');
  } catch (cause) {
    throw new Error(
      `no Prometheus: none on the path, and Debian's could not be fetched (${messageOf(cause)}); install ${PACKAGE}`,
      { cause },
    );
  }
}
