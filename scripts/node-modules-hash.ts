import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..');
const hashFile = join(project, 'nix/packages/node-modules.hash');
const usage = `npm run nix:hash -- [--write]: installs what package-lock.json names, without scripts and without what is for
development alone, and compares the hash of that folder with nix/packages/node-modules.hash, or writes it there.`;

/** Makes `to`/node_modules of what package-lock.json names for running, as nix/packages/node-modules.nix does. */
export function installDependencies(to: string): void {
  const work = mkdtempSync(join(tmpdir(), 'hashpool-node-modules-'));
  try {
    for (const file of ['package.json', 'package-lock.json', '.npmrc'])
      cpSync(join(project, file), join(work, file));
    execFileSync('npm', ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--silent'], {
      cwd: work,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    // Its times differ from one installation to the next.
    rmSync(join(work, 'node_modules/.package-lock.json'));
    mkdirSync(to, { recursive: true });
    cpSync(join(work, 'node_modules'), join(to, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The hash that Nix will find for that folder. */
function installedHash(): string {
  const out = mkdtempSync(join(tmpdir(), 'hashpool-node-modules-'));
  try {
    installDependencies(out);
    return execFileSync('nix', ['--extra-experimental-features', 'nix-command', 'hash', 'path', out], {
      encoding: 'utf8',
      env: { ...process.env, NIX_REMOTE: 'dummy://' },
    }).trim();
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function main(args: readonly string[]): number {
  if (args.some((arg) => arg !== '--write')) {
    process.stdout.write(`${usage}\n`);
    return args.includes('--help') ? 0 : 64;
  }
  const found = installedHash();
  if (args.includes('--write')) writeFileSync(hashFile, `${found}\n`);
  const stated = readFileSync(hashFile, 'utf8').trim();
  if (found === stated) {
    process.stdout.write(`${stated} is the hash of what package-lock.json names\n`);
    return 0;
  }
  process.stderr.write(
    `nix/packages/node-modules.hash has ${stated}, package-lock.json comes to ${found}: run npm run nix:hash -- --write\n`,
  );
  return 1;
}

if (import.meta.main) process.exit(main(process.argv.slice(2)));
