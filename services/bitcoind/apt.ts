import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BitcoindEnvironment } from './locate.ts';
import { run } from './run.ts';

const KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.pgp',
  '/usr/share/keyrings/debian-archive-keyring.gpg',
];

/** Where packages come from, and what they ask for at their installation that running them does not need. */
export interface AptSource {
  readonly mirror: string;
  /** "bookworm", "unstable". */
  readonly suite: string;
  /** Package names, with versions where somebody asks for one: declared as if installed. */
  readonly provided: readonly string[];
}

function hostPackage(provided: readonly string[]): string {
  return `Package: hashpool-host
Status: install ok installed
Priority: optional
Section: misc
Architecture: all
Maintainer: hashpool <hashpool@localhost>
Version: 1
Provides: ${provided.join(', ')}
Description: stands for what only an installation needs
`;
}

/**
 * The Debian mirror that the machine's own apt sources name, as a URL.
 * @throws Error where there is no apt or its sources name no Debian archive
 */
export async function debianMirror(environment: BitcoindEnvironment): Promise<string> {
  const format = '$(ORIGIN) $(COMPONENT) $(SITE)';
  const targets = await run('apt-get', ['indextargets', '--format', format], environment);
  const sites = targets.split('\n').map((line) => line.trim().split(' '));
  const archive = ([origin, component, site]: string[]): boolean =>
    site !== undefined &&
    component === 'main' &&
    (origin === 'Debian' || site.endsWith('/debian')) &&
    !site.includes('security');
  const mirror = sites.find(archive)?.[2];
  if (mirror === undefined) throw new Error("this machine's apt sources name no Debian archive");
  return mirror;
}

/**
 * Writes an apt configuration that keeps everything apt reads and writes in `folder`: a source list of one
 * suite, an empty system, the machine's own way to the network, and no hooks of the machine.
 * @returns the configuration file, to be given to apt as APT_CONFIG
 */
export async function aptConfiguration(
  folder: string,
  { mirror, suite, provided }: AptSource,
  environment: BitcoindEnvironment,
): Promise<string> {
  for (const part of ['lists/partial', 'archives/partial', 'parts']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  const keyring = await firstPresent(KEYRINGS);
  const options = keyring === undefined ? '' : `[signed-by=${keyring}] `;
  await writeFile(join(folder, 'sources.list'), `deb ${options}${mirror} ${suite} main\n`);
  await writeFile(join(folder, 'status'), hostPackage(provided));
  const file = join(folder, 'apt.conf');
  await writeFile(file, [...(await acquireSettings(environment)), ...ownSettings(folder)].join('\n'));
  return file;
}

/**
 * Downloads a package and the libraries under it.
 * @returns the archives' paths
 * @throws Error in apt's words
 */
export async function downloadPackage(
  name: string,
  configuration: string,
  environment: BitcoindEnvironment,
): Promise<string[]> {
  const confined = { ...environment, APT_CONFIG: configuration };
  await run('apt-get', ['update', '--quiet=2'], confined);
  const install = ['install', '--quiet=2', '--yes', '--download-only', '--no-install-recommends', name];
  await run('apt-get', install, confined);
  const archives = join(configuration, '..', 'archives');
  const files = await readdir(archives);
  return files.filter((file) => file.endsWith('.deb')).map((file) => join(archives, file));
}

/** The machine's settings for reaching its mirrors (proxies, timeouts), as lines of a configuration file. */
async function acquireSettings(environment: BitcoindEnvironment): Promise<string[]> {
  const dump = await run('apt-config', ['dump'], environment);
  return dump
    .split('\n')
    .filter((line) => line.startsWith('Acquire::') && !line.startsWith('Acquire::IndexTargets'));
}

function ownSettings(folder: string): string[] {
  return [
    `Dir::State "${folder}";`,
    `Dir::State::lists "${folder}/lists";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}";`,
    `Dir::Cache::archives "${folder}/archives";`,
    `Dir::Etc::main "/dev/null";`,
    `Dir::Etc::parts "${folder}/parts";`,
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    `Dir::Etc::sourceparts "${folder}/parts";`,
    `Dir::Etc::preferences "/dev/null";`,
    `Dir::Etc::preferencesparts "${folder}/parts";`,
    // The suite's signed index may be past its date on a mirror that lags behind; its signature still counts.
    'Acquire::Check-Valid-Until "false";',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    // The folder may lie where apt's own download user cannot write.
    'APT::Sandbox::User "root";',
    '',
  ];
}

async function firstPresent(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const present = await access(file).then(
      () => true,
      () => false,
    );
    if (present) return file;
  }
  return undefined;
}
