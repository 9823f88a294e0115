import { existsSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { HashpoolError } from '../protocols/errors.ts';
import { journalFiles } from '../runtime/sql/journal/reader.ts';
import { isPostgres } from '../runtime/sql/open.ts';
import { serverName } from '../runtime/sql/postgres/open.ts';
import { lockFolder } from '../services/supervisor/lock.ts';
import { readRolesTable } from '../services/supervisor/roles-table.ts';
import {
  checkFolder,
  ownFolders,
  type StateFolder,
  stateFolder,
} from '../services/supervisor/state-folder.ts';
import { readOrHelp, runCommand, usageError } from './appliance/command-line.ts';
import { databaseFiles, databasePaths } from './appliance/databases.ts';

const usage = `npm run clean -- WHAT [--yes] [--state DIR]: deletes state of an appliance that does not run

  cashu      the ecash: the mint's and the wallet's databases, the mint's journal and the pool's outbox
  regtest    the regtest chain
  testnet4   the testnet4 chain
  all        everything under the state folder, keys included

It says what it deletes and asks before it does; --yes answers for you. --state names the appliance's folder
(default .state).`;

type Target = 'cashu' | 'regtest' | 'testnet4' | 'all';

const pathsOf: Record<Target, (state: StateFolder) => string[]> = {
  cashu: (state) => {
    const { mint, payouts, outbox, wallet, journal } = databasePaths(state);
    const files = [mint, payouts, outbox, wallet].map(onlyFile).flatMap(databaseFiles);
    return journal !== undefined && existsSync(journal) ? [...files, ...journalFiles(journal)] : files;
  },
  regtest: (state) => [`${state.role('bitcoind')}/regtest`],
  testnet4: (state) => [`${state.role('bitcoind')}/testnet4`],
  all: (state) =>
    ownFolders(
      state,
      readRolesTable().roles.map((role) => role.name),
    ),
};

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, {
    yes: { type: 'boolean', default: false },
    state: { type: 'string', default: '.state' },
  });
  const target = targetOf(positionals);
  const state = stateFolder(values.state);
  checkFolder(state);
  const paths = existsSync(state.root) ? pathsOf[target](state).filter((path) => existsSync(path)) : [];
  if (paths.length === 0) {
    process.stdout.write(`nothing to delete: there is no ${target} state in ${state.root}\n`);
    return 0;
  }
  const lock = lockFolder(state.lock, process.pid);
  try {
    for (const path of paths) process.stdout.write(`will delete ${relative('.', path)}\n`);
    if (!values.yes && !(await isConfirmed()))
      throw new HashpoolError('not-confirmed', 'nothing was deleted');
    for (const path of paths) rmSync(path, { recursive: true, force: true });
    process.stdout.write('deleted\n');
    return 0;
  } finally {
    lock.release();
  }
}

/** @throws HashpoolError where the database is no file: pool and mint are emptied together or not at all */
function onlyFile(path: string): string {
  if (!isPostgres(path)) return path;
  throw new HashpoolError(
    'not-a-file',
    `the mint's database is ${serverName(path)}: drop and create it with PostgreSQL's own means, and take "[hashpool_mint] database" out of its config to delete the rest`,
  );
}

function targetOf([text, ...rest]: readonly string[]): Target {
  if (rest.length === 0 && (text === 'cashu' || text === 'regtest' || text === 'testnet4' || text === 'all'))
    return text;
  throw usageError('name one of cashu, regtest, testnet4, all; --help says what they are');
}

async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new HashpoolError('not-confirmed', 'nobody to ask: --yes says that it is meant');
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await prompt.question('delete? [y/N] ')).trim());
  } finally {
    prompt.close();
  }
}

await runCommand('npm run clean', () => main(process.argv.slice(2)));
