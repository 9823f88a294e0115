import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where everything of one appliance lies. */
export interface StateFolder {
  readonly root: string;
  /** The TOML files as the roles of this run get them. */
  readonly config: string;
  /** Secrets, a file each, readable by their owner alone. */
  readonly credentials: string;
  /** Public keys that peers read at start. */
  readonly published: string;
  readonly logs: string;
  readonly lock: string;
  /** A role's own folder. */
  role(name: string): string;
  /** A folder with links to the credentials that a role may read, and no others. */
  roleCredentials(name: string): string;
}

/** The paths under a state folder; nothing is created. */
export function stateFolder(path: string): StateFolder {
  const root = resolve(path);
  return {
    root,
    config: join(root, 'config'),
    credentials: join(root, 'credentials'),
    published: join(root, 'public'),
    logs: join(root, 'logs'),
    lock: join(root, 'lock'),
    role: (name) => join(root, name),
    roleCredentials: (name) => join(root, 'run', name),
  };
}

/** Creates the folders that a start needs, closed to other users. */
export function createFolders(state: StateFolder, roles: readonly string[]): void {
  const folders = [state.config, state.credentials, state.published, state.logs];
  for (const name of roles) folders.push(state.role(name), state.roleCredentials(name));
  for (const folder of [state.root, ...folders]) mkdirSync(folder, { recursive: true, mode: 0o700 });
}
