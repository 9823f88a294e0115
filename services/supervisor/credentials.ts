import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { generateSecret, type KeyTools, publicSide } from './credential-kinds.ts';
import type { Role, RolesTable } from './roles-table.ts';
import type { StateFolder } from './state-folder.ts';

/**
 * Generates each credential of the table that is missing, publishes the public sides, and gives each role a
 * folder with links to its own credentials.
 * @returns the names of the credentials that are new
 * @throws HashpoolError 'bad-credential' naming one that can't be read
 */
export function provideCredentials(table: RolesTable, state: StateFolder, tools: KeyTools): string[] {
  const created: string[] = [];
  for (const [name, credential] of table.credentials) {
    const file = join(state.credentials, name);
    if (!existsSync(file)) {
      writeDurably(file, `${generateSecret(credential.kind, tools)}\n`, 0o600);
      created.push(name);
    }
    if (credential.publishes !== undefined) {
      publish(file, name, join(state.published, credential.publishes), (secret) =>
        publicSide(credential.kind, secret, tools),
      );
    }
  }
  for (const role of table.roles) linkCredentials(role, state);
  return created;
}

function publish(file: string, name: string, target: string, publicOf: (secret: string) => string): void {
  try {
    const text = `${publicOf(readFileSync(file, 'utf8').trim())}\n`;
    if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeDurably(target, text, 0o644);
  } catch (cause) {
    throw new HashpoolError('bad-credential', `credential ${name}: ${messageOf(cause)}`, { cause });
  }
}

function linkCredentials(role: Role, state: StateFolder): void {
  const folder = state.roleCredentials(role.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of role.credentials) symlinkSync(join(state.credentials, name), join(folder, name));
}

/** A seed that was used and then lost in a power cut is money lost: on the disk before anyone reads it. */
function writeDurably(path: string, text: string, mode: number): void {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, 'wx', mode);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, path);
  const folder = openSync(join(path, '..'), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
