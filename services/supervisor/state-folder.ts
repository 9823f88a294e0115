import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HashpoolError } from '../../protocols/errors.ts';

/** Where tests/web leaves its pictures; it may be there before any appliance. */
const SCREENSHOTS = 'screenshots';

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
  /** What `npm run backup` notes of the backups that it has made. */
  readonly backups: string;
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
    backups: join(root, 'backups'),
    lock: join(root, 'lock'),
    role: (name) => join(root, name),
    roleCredentials: (name) => join(root, 'run', name),
  };
}

/** The same, of an appliance that has been started. @throws HashpoolError 'no-state' */
export function existingState(path: string): StateFolder {
  const state = stateFolder(path);
  if (existsSync(state.root)) return state;
  throw new HashpoolError('no-state', `${state.root} is not there: npm start makes it`);
}

/**
 * Makes sure that a folder is an appliance's or can become one: a mistyped path must not fill, or empty, a folder
 * of somebody else's.
 * @throws HashpoolError 'not-a-state-folder' for one that has something in it and was never an appliance's
 */
export function checkFolder(state: StateFolder): void {
  if (!existsSync(state.root) || existsSync(state.lock)) return;
  if (readdirSync(state.root).every((name) => name === SCREENSHOTS)) return;
  throw new HashpoolError(
    'not-a-state-folder',
    `${state.root} holds something else than an appliance's state: name a new or empty folder by --state`,
  );
}

/** All folders that an appliance keeps under its state folder. */
export function ownFolders(state: StateFolder, roles: readonly string[]): string[] {
  const { config, credentials, published, logs, backups } = state;
  const shared = [config, credentials, published, logs, backups, join(state.root, 'run')];
  return [...shared, ...roles.map((name) => state.role(name))];
}

/** Creates the state folder and what is in it, closed to other users. */
export function createFolders(state: StateFolder, roles: readonly string[]): void {
  for (const folder of [state.root, ...ownFolders(state, roles)])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
}
