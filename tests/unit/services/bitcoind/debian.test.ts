import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheFolder, debianBitcoind } from '../../../../services/bitcoind/debian.ts';

/** Stands for a Debian machine: programs that do what apt and dpkg would, and note how they were called. */
interface Machine {
  readonly environment: { readonly PATH: string; readonly HASHPOOL_CACHE: string };
  /** Calls of the fake programs, one a line. */
  calls(): string[];
  /** What apt was configured with at its last download. */
  seen(file: 'apt.conf' | 'sources.list' | 'status'): string;
  replace(program: string, text: string): void;
}

const APT_GET = `
case "$1" in
  indextargets) echo 'Debian main http://mirror.example/debian-security'; echo 'Other main http://other.example/apt'
    echo 'Debian contrib http://contrib.example/debian'; echo 'Debian main http://mirror.example/debian';;
  update) sleep 0.1;;
  install) folder=$(dirname "$APT_CONFIG"); cp "$folder"/apt.conf "$folder"/sources.list "$folder"/status "$NOTES/"
    touch "$folder/archives/knots.deb" "$folder/archives/libc6.deb" "$folder/archives/lock";;
esac`;
const APT_CONFIG = `
echo 'Acquire::http::Proxy "http://proxy.example:3142";'; echo 'APT::Update::Post-Invoke:: "rm -rf /";'`;
const DPKG_DEB = `
mkdir -p "$3/usr/bin" "$3/usr/lib/riscv64-linux-gnu"
case "$2" in
  *knots.deb) touch "$3/usr/bin/bitcoind"; chmod +x "$3/usr/bin/bitcoind";;
  *libc6.deb) touch "$3/usr/lib/riscv64-linux-gnu/ld-linux-riscv64-lp64d.so.1";;
esac`;

function machine(t: TestContext): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-debian-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [programs, notes] = [join(folder, 'bin'), join(folder, 'notes')];
  mkdirSync(programs);
  mkdirSync(notes);
  const replace = (program: string, text: string): void => {
    const log = `echo "${program} $*" >> "$NOTES/calls"`;
    writeFileSync(join(programs, program), `#!/bin/sh\n${log}\n${text}\n`);
    chmodSync(join(programs, program), 0o755);
  };
  replace('apt-get', APT_GET);
  replace('apt-config', APT_CONFIG);
  replace('dpkg-deb', DPKG_DEB);
  return {
    environment: Object.assign(
      { PATH: `${programs}:/usr/bin:/bin`, HASHPOOL_CACHE: join(folder, 'cache') },
      { NOTES: notes },
    ),
    calls: () =>
      existsSync(join(notes, 'calls')) ? readFileSync(join(notes, 'calls'), 'utf8').trim().split('\n') : [],
    seen: (file) => readFileSync(join(notes, file), 'utf8'),
    replace,
  };
}

test("Debian's bitcoind is fetched with apt's files in a folder of its own, and run through its own loader", async (t) => {
  const { environment, calls, seen } = machine(t);
  const said: string[] = [];
  const command = await debianBitcoind(environment, (line) => said.push(line));
  const root = join(environment.HASHPOOL_CACHE, 'bitcoind', 'bitcoin-knots');
  const libraries = join(root, 'usr/lib/riscv64-linux-gnu');
  assert.deepEqual(command, {
    file: join(libraries, 'ld-linux-riscv64-lp64d.so.1'),
    arguments: ['--library-path', libraries, join(root, 'usr/bin/bitcoind')],
    origin: 'debian-packages',
  });
  assert.match(said.join('\n'), /^fetching bitcoin-knots from Debian unstable into .*cache\/bitcoind/);

  assert.match(
    seen('sources.list'),
    /^deb (\[signed-by=\S+\] )?http:\/\/mirror\.example\/debian unstable main\n$/,
  );
  const settings = seen('apt.conf');
  for (const name of ['Dir::State', 'Dir::State::status', 'Dir::Cache', 'Dir::Etc::sourcelist']) {
    assert.match(settings, new RegExp(`^${name} "${environment.HASHPOOL_CACHE}/`, 'm'));
  }
  assert.match(
    settings,
    /^Acquire::http::Proxy "http:\/\/proxy\.example:3142";$/m,
    'the way to the network is kept',
  );
  assert.doesNotMatch(settings, /Post-Invoke/, "the machine's hooks are not");
  assert.match(settings, /^Acquire::Check-Valid-Until "false";$/m);
  assert.match(
    seen('status'),
    /^Provides: .*systemd-sysusers/m,
    'nothing is fetched that only an installation needs',
  );

  const before = calls().length;
  assert.deepEqual(await debianBitcoind(environment, (line) => said.push(line)), command);
  assert.equal(calls().length, before, 'the second time it is there');
  assert.deepEqual(readdirSync(join(environment.HASHPOOL_CACHE, 'bitcoind')), ['bitcoin-knots']);
});

test('two that fetch at once fetch once', async (t) => {
  const { environment, calls } = machine(t);
  const commands = await Promise.all([1, 2, 3].map(() => debianBitcoind(environment, () => undefined)));
  assert.equal(new Set(commands.map(({ file }) => file)).size, 1);
  assert.equal(calls().filter((call) => call.startsWith('apt-get update')).length, 1);
});

test('a lock whose owner is gone is taken over', async (t) => {
  const { environment } = machine(t);
  const cache = join(environment.HASHPOOL_CACHE, 'bitcoind');
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'fetching'), '4194999');
  assert.equal((await debianBitcoind(environment, () => undefined)).origin, 'debian-packages');
  assert(!existsSync(join(cache, 'fetching')));
});

test('what cannot be fetched is said in one line, with what to install, and leaves nothing behind', async (t) => {
  const { environment, replace } = machine(t);
  const remedy = /; install Bitcoin Core or Knots .* set HASHPOOL_BITCOIND to it$/;
  const refused = async (words: RegExp): Promise<void> => {
    await assert.rejects(
      debianBitcoind(environment, () => undefined),
      (error: Error) => {
        assert.match(error.message, words);
        assert.match(error.message, remedy);
        return 'code' in error && error.code === 'no-bitcoind' && !error.message.includes('\n');
      },
    );
  };
  replace(
    'apt-get',
    `case "$1" in update) echo 'W: noise' >&2; echo 'E: Failed to fetch' >&2; exit 100;; *) ${'echo Debian main http://m.example/debian'};; esac`,
  );
  await refused(/apt-get: E: Failed to fetch/);
  replace('apt-get', 'echo Ubuntu main http://archive.example/ubuntu');
  await refused(/this machine's apt sources name no Debian archive/);
  await assert.rejects(
    debianBitcoind({ ...environment, PATH: '/nowhere' }, () => undefined),
    /apt-get: not on this machine/,
  );
  replace('apt-get', APT_GET);
  replace('dpkg-deb', 'mkdir -p "$3"');
  await refused(/bitcoin-knots holds no bitcoind or no loader/);
  const left = readdirSync(join(environment.HASHPOOL_CACHE, 'bitcoind'));
  assert.deepEqual(
    left.filter((name) => name !== 'bitcoin-knots'),
    [],
  );
});

test('where the cache is', () => {
  assert.equal(cacheFolder({ HASHPOOL_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a/bitcoind');
  assert.equal(cacheFolder({ HASHPOOL_CACHE: '', XDG_CACHE_HOME: '/b' }), '/b/hashpool/bitcoind');
  assert.match(cacheFolder({}), /\/\.cache\/bitcoind$/);
});
