import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProgram } from '../../runtime/programs.ts';

const ENDINGS = ['.tar', '.tar.age', '.tar.gpg'] as const;
type Ending = (typeof ENDINGS)[number];

/** Whether a file is named as a backup is. */
export function isBackup(name: string): boolean {
  return name.startsWith('hashpool-') && ENDINGS.some((ending) => name.endsWith(ending));
}

/**
 * Packs a folder's files into one file, encrypted where there is a recipient: one of age's (`age1...`), else a key of
 * GPG's. The file is there whole or not at all.
 * @param base its path without its ending
 * @returns its path
 * @throws HashpoolError 'program-missing', 'program-failed'
 */
export async function seal(folder: string, base: string, recipient: string | undefined): Promise<string> {
  const ending: Ending =
    recipient === undefined ? '.tar' : recipient.startsWith('age1') ? '.tar.age' : '.tar.gpg';
  const part = `${base}${ending}.part`;
  try {
    const packed = recipient === undefined ? part : join(dirname(folder), 'packed.tar');
    await runProgram('tar', ['-cf', packed, '-C', folder, '.']);
    if (recipient !== undefined) await encrypt(packed, part, recipient, ending);
    chmodSync(part, 0o600);
    flush(part);
    renameSync(part, `${base}${ending}`);
    flush(dirname(base));
    return `${base}${ending}`;
  } finally {
    rmSync(part, { force: true });
  }
}

async function encrypt(from: string, to: string, recipient: string, ending: Ending): Promise<void> {
  if (ending === '.tar.age') await runProgram('age', ['-r', recipient, '-o', to, from]);
  else
    await runProgram('gpg', [
      ...['--batch', '--yes', '--trust-model', 'always', '--recipient', recipient],
      ...['--output', to, '--encrypt', from],
    ]);
}

/**
 * Unpacks a backup into a folder.
 * @param identity the file of age's secret key
 * @throws HashpoolError 'program-missing', 'program-failed'
 */
export async function unseal(file: string, folder: string, identity: string | undefined): Promise<void> {
  const packed = file.endsWith('.tar') ? file : join(dirname(folder), 'packed.tar');
  if (file.endsWith('.age')) {
    await runProgram('age', ['-d', ...(identity === undefined ? [] : ['-i', identity]), '-o', packed, file]);
  } else if (file.endsWith('.gpg')) {
    await runProgram('gpg', ['--batch', '--yes', '--output', packed, '--decrypt', file]);
  }
  await runProgram('tar', ['-xf', packed, '-C', folder, '--no-same-owner']);
}

function flush(path: string): void {
  const fd = openSync(path, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
