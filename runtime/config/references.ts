import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { messageOf } from '../../protocols/errors.ts';
import { ConfigError } from './load.ts';

/** The folders that a role is given by systemd or by the supervisor. */
export interface RoleFolders {
  /** Where the role's own files lie; $STATE_DIRECTORY. */
  readonly state: string;
  /** Where its secrets lie, one file each; $CREDENTIALS_DIRECTORY. */
  readonly credentials: string | undefined;
  /** Where public keys of the parts are published; $PUBLIC_DIRECTORY. */
  readonly published: string | undefined;
}

/** The folders that the environment names; the state folder is the working directory where it names none. */
export function roleFolders(environment: NodeJS.ProcessEnv): RoleFolders {
  return {
    state: environment['STATE_DIRECTORY'] ?? '.',
    credentials: environment['CREDENTIALS_DIRECTORY'],
    published: environment['PUBLIC_DIRECTORY'],
  };
}

/** Where a path of the config leads: a relative one into the role's state folder. */
export function statePath(folders: RoleFolders, path: string): string {
  return isAbsolute(path) ? path : join(folders.state, path);
}

/**
 * The value behind a reference of the config (`credential:NAME`, `public:NAME`, `file:/PATH`), trimmed; what is
 * no reference is the value itself.
 * @throws ConfigError where the file is missing or empty; the text never holds the value
 */
export function readReference(folders: RoleFolders, reference: string): string {
  const file = referencedFile(folders, reference);
  if (file === undefined) return reference;
  let value: string;
  try {
    value = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new ConfigError(`${reference}: can't read ${file} (${messageOf(cause)})`, { cause });
  }
  if (value === '') throw new ConfigError(`${reference}: ${file} is empty`);
  return value;
}

function referencedFile(folders: RoleFolders, reference: string): string | undefined {
  const colon = reference.indexOf(':');
  const rest = reference.slice(colon + 1);
  switch (reference.slice(0, colon)) {
    case 'file':
      return rest;
    case 'credential':
      return inFolder(folders.credentials, 'CREDENTIALS_DIRECTORY', reference, rest);
    case 'public':
      return inFolder(folders.published, 'PUBLIC_DIRECTORY', reference, rest);
    default:
      return undefined;
  }
}

function inFolder(folder: string | undefined, variable: string, reference: string, name: string): string {
  if (!folder)
    throw new ConfigError(`${reference} needs the environment variable ${variable}: the folder of ${name}`);
  return join(folder, name);
}
