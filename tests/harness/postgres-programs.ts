import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { messageOf } from '../../protocols/errors.ts';
import { debianPackage } from './debian-package.ts';

const PACKAGE = 'postgresql-15';
const INSTALLED = '/usr/lib/postgresql/15/bin';
/** What its installation asks for and a server without JIT, that Debian's tools don't manage, does not. */
const PROVIDED = [
  ...['debconf', 'debconf-2.0', 'adduser', 'ssl-cert', 'locales', 'locales-all', 'tzdata'],
  ...['libpam-runtime', 'libpam-modules'],
  ...['postgresql-common', 'postgresql-client-common'].map((name) => `${name} (= 999)`),
  ...['libllvm14', 'libc6', 'libgcc-s1', 'libstdc++6'].map((name) => `${name} (= 9:999)`),
];

/** PostgreSQL's own programs, and what they have to find in their environment. */
export interface PostgresPrograms {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Finds PostgreSQL: on the path, where Debian's package puts version 15, or that package unpacked into the cache folder,
 * which is fetched at the first call.
 * @param lent a folder that the user who runs the server can read
 * @throws Error in one line, with what to install
 */
export async function postgresPrograms(lent: string): Promise<PostgresPrograms> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), INSTALLED];
  const folder = folders.find((each) => ['initdb', 'postgres'].every((name) => existsSync(join(each, name))));
  if (folder !== undefined) return { folder, environment: {} };
  try {
    const unpacked = await debianPackage({ name: PACKAGE, provided: PROVIDED, megabytes: 35 });
    // The cache may lie in a home that only root can read, and PostgreSQL does not run as root.
    if (process.getuid?.() === 0) await cp(unpacked, lent, { recursive: true });
    return programsIn(process.getuid?.() === 0 ? lent : unpacked);
  } catch (cause) {
    throw new Error(
      `no PostgreSQL: none on the path, none in ${INSTALLED}, and Debian's could not be fetched (${messageOf(cause)}); install ${PACKAGE}`,
      { cause },
    );
  }
}

async function programsIn(root: string): Promise<PostgresPrograms> {
  const libraries: string[] = [];
  for (const base of [join(root, 'usr', 'lib'), join(root, 'lib')]) {
    const names = await readdir(base).catch(() => []);
    libraries.push(...names.filter((name) => name.includes('-linux-')).map((name) => join(base, name)));
  }
  return {
    folder: join(root, 'usr', 'lib', 'postgresql', '15', 'bin'),
    environment: { LD_LIBRARY_PATH: libraries.join(delimiter) },
  };
}
