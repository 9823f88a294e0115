import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { debianMirror } from '../../services/bitcoind/apt.ts';
import { holdingLock } from '../../services/bitcoind/lock.ts';
import { run } from '../../services/bitcoind/run.ts';

const SUITE = 'bookworm';
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'nginx-light',
  'prometheus',
  'iproute2',
  'ca-certificates',
];
const BUILD_LIMIT_MS = 300_000;

/**
 * A Debian with systemd, nginx and Prometheus, made once by mmdebstrap and kept in the cache under a key of what it
 * is made of. Nothing is ever written into it: machines lay their own files over it.
 */
export async function debianRoot(cache: string): Promise<string> {
  const key = createHash('sha256')
    .update([SUITE, ...PACKAGES].join(' '))
    .digest('hex')
    .slice(0, 12);
  const root = join(cache, `debian-root-${key}`);
  if (existsSync(root)) return root;
  await mkdir(cache, { recursive: true });
  return holdingLock(`${root}.lock`, BUILD_LIMIT_MS, async () => {
    if (existsSync(root)) return root;
    const work = `${root}.new`;
    await rm(work, { recursive: true, force: true });
    const mirror = await debianMirror(process.env);
    const include = `--include=${PACKAGES.join(',')}`;
    await run('mmdebstrap', ['--quiet', '--variant=apt', include, SUITE, work, mirror], process.env);
    // nginx's example site, and Debian's own choice of where Prometheus listens.
    await rm(join(work, 'etc/nginx/sites-enabled/default'), { force: true });
    await rename(work, root);
    return root;
  });
}
