import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { HashpoolError } from '../../protocols/errors.ts';
import { runProgram } from '../programs.ts';
import { type Database, inTransaction } from './database.ts';
import { PostgresDatabase } from './postgres/database.ts';
import { Server } from './postgres/server.ts';

/** All pages in one step: in several, a database that is written to would begin anew with each commit. */
const ALL_PAGES = 0x7fffffff;
const BUSY_TIMEOUT_MS = 10_000;
/** Where Debian and NixOS put the programs of a version beside others. */
const FOLDERS = (version: number) => [`/usr/lib/postgresql/${version}/bin`];

/** Copies a SQLite database as it stands at one moment; whoever writes to it goes on meanwhile. */
export async function copySqlite(path: string, to: string): Promise<void> {
  const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    await backup(db, to, { rate: ALL_PAGES });
  } finally {
    db.close();
  }
}

/** @throws HashpoolError 'backup-damaged' where SQLite finds anything wrong in a database */
export function checkSqlite(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const verdict = db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
    if (verdict !== 'ok') throw damaged(path, String(verdict));
    const stray = db.prepare('PRAGMA foreign_key_check').get();
    if (stray)
      throw damaged(path, `a row of ${stray['table']} points at one of ${stray['parent']} that is not there`);
  } finally {
    db.close();
  }
}

/**
 * Dumps a PostgreSQL database as it stands at one moment.
 * @param inspect is given the database as the dump will hold it
 */
export async function dumpPostgres<T>(url: string, to: string, inspect: (db: Database) => T): Promise<T> {
  const server = new Server(url, { readOnly: true });
  const db = new PostgresDatabase(server);
  try {
    db.exec('BEGIN');
    const row = db.prepare('SELECT pg_export_snapshot() AS snapshot').get();
    const found = inspect(db);
    await runTool('pg_dump', versionOf(db), url, [
      '--format=custom',
      '--no-owner',
      `--snapshot=${row?.['snapshot']}`,
      `--file=${to}`,
    ]);
    return found;
  } finally {
    db.close();
  }
}

/** Reads a dump from its first to its last byte. @throws HashpoolError 'program-failed' where it is damaged */
export async function checkDump(url: string, file: string): Promise<void> {
  await runTool('pg_restore', serverVersion(url), undefined, ['--file=/dev/null', file]);
}

/** Fills an empty PostgreSQL database from a dump, all or nothing. */
export async function loadDump(url: string, file: string): Promise<void> {
  const options = ['--no-owner', '--exit-on-error', '--single-transaction', file];
  await runTool('pg_restore', serverVersion(url), url, options);
}

/** Whether a PostgreSQL database has tables. */
export function hasTables(url: string): boolean {
  return (
    asked(url, (db) => db.prepare("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").get()) !==
    undefined
  );
}

/** Moves all tables of a PostgreSQL database into a schema of another name. @returns the name */
export function moveTablesAside(url: string, time: number): string {
  const name = `aside_${time}`;
  asked(url, (db) =>
    inTransaction(
      db,
      () => db.exec(`ALTER SCHEMA public RENAME TO ${name}; CREATE SCHEMA public`),
      'EXCLUSIVE',
    ),
  );
  return name;
}

function serverVersion(url: string): number {
  return asked(url, versionOf);
}

function asked<T>(url: string, ask: (db: Database) => T): T {
  const db = new PostgresDatabase(new Server(url));
  try {
    return ask(db);
  } finally {
    db.close();
  }
}

function versionOf(db: Database): number {
  const row = db.prepare("SELECT current_setting('server_version_num') AS version").get();
  return Math.floor(Number(row?.['version']) / 10_000);
}

/** Runs a program of the server's version; a password goes by the environment, which other users can't see. */
async function runTool(
  name: 'pg_dump' | 'pg_restore',
  version: number,
  url: string | undefined,
  args: readonly string[],
): Promise<void> {
  const folder = FOLDERS(version).find((each) => existsSync(join(each, name)));
  const program = folder === undefined ? name : join(folder, name);
  const [, found = '?'] = /(\d+)/.exec(await runProgram(program, ['--version'])) ?? [];
  if (Number(found) < version) {
    throw new HashpoolError(
      'program-missing',
      `${name} is of version ${found}, the server of ${version}; install postgresql-client-${version}`,
    );
  }
  const { place, password } = withoutPassword(url);
  await runProgram(program, [...(place === undefined ? [] : [`--dbname=${place}`]), ...args], {
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  });
}

function withoutPassword(url: string | undefined): {
  place: string | undefined;
  password: string | undefined;
} {
  const found = /^([a-z]+:\/\/[^:@/]*):([^@/]*)@(.*)$/.exec(url ?? '');
  if (!found) return { place: url, password: undefined };
  const [, start, password = '', rest] = found;
  return { place: `${start}@${rest}`, password: decodeURIComponent(password) };
}

function damaged(path: string, what: string): HashpoolError {
  return new HashpoolError('backup-damaged', `${path} is damaged: ${what}`);
}
