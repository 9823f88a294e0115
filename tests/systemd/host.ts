import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { installDependencies } from '../../scripts/node-modules-hash.ts';
import { debianBitcoind } from '../../services/bitcoind/debian.ts';
import type { BitcoindCommand } from '../../services/bitcoind/locate.ts';
import { writeEffectiveConfig } from '../../services/supervisor/effective-config.ts';
import { placePorts } from '../../services/supervisor/ports.ts';
import { readRolesTable } from '../../services/supervisor/roles-table.ts';
import { selfSigned } from '../harness/certificate.ts';
import { nixEval } from '../harness/nix.ts';
import { debianRoot } from './debian-root.ts';
import { Machine } from './machine.ts';

const project = resolve(import.meta.dirname, '..', '..');
const places = { node: '/opt/node/bin/node', app: '/opt/hashpool', bitcoind: '/opt/bitcoind/run' };

export interface HostPort {
  readonly role: string;
  readonly name: string;
  readonly side: string;
  readonly listen: 'open' | 'loopback';
  readonly number: number;
}

/** What tests/systemd/host-files.nix makes of the table of roles. */
export interface HostFiles {
  readonly units: readonly string[];
  readonly users: readonly string[];
  readonly ports: readonly HostPort[];
  readonly fronts: Readonly<Record<string, { readonly number: number }>>;
  readonly files: Readonly<Record<string, string>>;
}

/** A Debian machine, not booted, on which a regtest appliance is installed as NixOS would do it. */
export async function installHost(): Promise<{ machine: Machine; host: HostFiles }> {
  const cache = join(project, '.cache');
  const bitcoind = await debianBitcoind(process.env, () => undefined);
  const host = hostFiles();
  const machine = new Machine(await debianRoot(cache), [
    `${process.execPath}:${places.node}`,
    `${join(dependencies(cache), 'node_modules')}:${places.app}/node_modules`,
    `${unpackedRoot(bitcoind)}:/opt/bitcoind/root`,
  ]);
  machine.write(places.node, '', 0o755);
  mkdirSync(join(machine.root, '/opt/bitcoind/root'), { recursive: true });
  mkdirSync(join(machine.root, places.app, 'node_modules'), { recursive: true });
  const inMachine = (path: string) => path.replace(unpackedRoot(bitcoind), '/opt/bitcoind/root');
  const words = [bitcoind.file, ...bitcoind.arguments].map(inMachine).join(' ');
  machine.write(places.bitcoind, `#!/bin/sh\nexec ${words} "$@"\n`, 0o755);
  copyApplication(machine);
  configure(machine);
  shareWalletSocket(machine);
  serveTls(machine);
  for (const [path, text] of Object.entries(host.files)) machine.write(path, text);
  enable(machine, 'hashpool-server.service', 'hashpool-client.service');
  return { machine, host };
}

/** What the package has of node_modules, and nothing that is for development alone; kept in the cache. */
function dependencies(cache: string): string {
  const lock = readFileSync(join(project, 'package-lock.json'));
  const key = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = join(cache, `node-modules-${key}`);
  if (existsSync(folder)) return folder;
  rmSync(`${folder}.new`, { recursive: true, force: true });
  installDependencies(`${folder}.new`);
  renameSync(`${folder}.new`, folder);
  return folder;
}

function hostFiles(): HostFiles {
  const { node, app, bitcoind } = places;
  return nixEval(
    `import ./tests/systemd/host-files.nix { node = "${node}"; app = "${app}"; bitcoind = "${bitcoind}"; }`,
  ) as HostFiles;
}

/** The files of the package, as they are at this moment. */
function copyApplication(machine: Machine): void {
  for (const name of nixEval('import ./nix/sources.nix') as string[])
    cpSync(join(project, name), join(machine.root, places.app, name), { recursive: true });
}

/** Config for all roles of the table, which every user may read as in /etc of NixOS. */
function configure(machine: Machine): void {
  const table = readRolesTable();
  const folder = join(machine.root, 'etc/hashpool');
  writeEffectiveConfig(table, join(project, 'config/regtest'), folder, placePorts(table));
  for (const file of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const path = join(folder, file);
    chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644);
  }
}

/** As nix/modules/settings.nix says it: on a host the roles' own folders are closed to each other. */
function shareWalletSocket(machine: Machine): void {
  for (const [file, key] of [
    ['tproxy.config.toml', 'socket_path'],
    ['proxy-stats.config.toml', 'wallet_socket'],
  ]) {
    const path = `etc/hashpool/${file}`;
    const line = new RegExp(`^${key} = .*$`, 'm');
    machine.write(path, machine.read(path).replace(line, `${key} = "/run/hashpool-wallet/wallet.sock"`));
  }
}

/** Where the translator's certificate and key lie, and are renewed, as with NixOS's `client.tls`. */
const TLS_FILES = { certificate: '/etc/miners-tls/full.pem', key: '/etc/miners-tls/key.pem' };

function serveTls(machine: Machine): void {
  const path = 'etc/hashpool/tproxy.config.toml';
  const { certificate, key } = TLS_FILES;
  const line = `downstream_tls = { certificate = "file:${certificate}", key = "file:${key}" }`;
  machine.write(path, `${line}\n${machine.read(path)}`);
  writeCertificate(machine, 'first');
}

/** Puts a certificate of that name in its place. In this machine everybody may read its key. */
export function writeCertificate(machine: Machine, name: string): void {
  const { cert, key } = selfSigned(name);
  machine.write(TLS_FILES.certificate, cert, 0o644);
  machine.write(TLS_FILES.key, key, 0o644);
}

function enable(machine: Machine, ...units: readonly string[]): void {
  const wants = 'etc/systemd/system/multi-user.target.wants';
  mkdirSync(join(machine.root, wants), { recursive: true });
  for (const unit of units) {
    rmSync(join(machine.root, wants, unit), { force: true });
    symlinkSync(`../${unit}`, join(machine.root, wants, unit));
  }
}

/** The folder into which Debian's packages of bitcoind are unpacked. */
function unpackedRoot({ file }: BitcoindCommand): string {
  return file.slice(0, file.indexOf('/usr/lib/'));
}
