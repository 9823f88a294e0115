import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HashpoolError } from '../../protocols/errors.ts';

/** What a column holds, and what a `?` stands for. */
export type SqlValue = null | number | bigint | string | Uint8Array;
export type Row = Record<string, SqlValue>;

/** A prepared statement. Its parameters are `?`, in order. */
export interface Statement {
  /** The first row, undefined where there is none. */
  get(...parameters: SqlValue[]): Row | undefined;
  all(...parameters: SqlValue[]): Row[];
  /** As `get` for each of these calls, where asking for all at once saves something: see `getAll`. */
  getAll?(calls: readonly StatementCall[]): (Row | undefined)[];
  /** As `run`, where not waiting for it saves something: see `runEach`. */
  post?(...parameters: SqlValue[]): void;
  /** @returns how many rows were written */
  run(...parameters: SqlValue[]): { readonly changes: number | bigint };
  /** Integers come as bigint from then on; without it one above 2^53 is an error. */
  setReadBigInts(enabled: boolean): void;
}

/**
 * What operations see of their database: the part of node:sqlite's DatabaseSync that another store can give too.
 * Their SQL is understood by both: `?` parameters, ON CONFLICT, RETURNING for a new row's key, no rowid, no PRAGMA.
 */
export interface Database {
  prepare(sql: string): Statement;
  /** Runs statements of which nothing is asked back. */
  exec(sql: string): void;
  readonly isTransaction: boolean;
  /**
   * Of a server, within a transaction that writes: a number that is higher in each one that begins to write later,
   * whichever process it is of and whether it is committed or not. A file has one writer, who counts for himself.
   */
  turn?(): bigint;
  close(): void;
}

/** A statement about to be run; those of one list belong to one database. */
export interface StatementCall {
  readonly statement: Statement;
  readonly parameters: readonly SqlValue[];
}

/** The tables of one database. Migrations only ever grow at the end; their number is the schema's version. */
export interface Schema {
  readonly name: string;
  readonly migrations: readonly string[];
}

/** Writers of other processes are waited for this long before an error. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens a database for the thread that calls: WAL, `synchronous=FULL` (a commit is on the disk when it
 * returns), foreign keys; brings its tables to the newest version in one transaction.
 * @throws HashpoolError 'database-newer' where a newer program has written it, 'database-open' where it can't be opened
 */
export function openDatabase(
  path: string,
  schema: Schema,
  options: { readOnly?: boolean } = {},
): DatabaseSync {
  const readOnly = options.readOnly ?? false;
  try {
    if (!readOnly && path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const db = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS });
    if (!readOnly) {
      db.exec(
        'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=4000',
      );
    }
    checkAndMigrate(db, path, schema, readOnly);
    return db;
  } catch (cause) {
    if (cause instanceof HashpoolError) throw cause;
    throw new HashpoolError('database-open', `can't open the ${schema.name} database ${path}: ${cause}`, {
      cause,
    });
  }
}

function checkAndMigrate(db: DatabaseSync, path: string, schema: Schema, readOnly: boolean): void {
  const newest = schema.migrations.length;
  const version = userVersion(db);
  if (version > newest) {
    db.close();
    throw new HashpoolError(
      'database-newer',
      `the ${schema.name} database ${path} has version ${version}, this program knows ${newest}: run the newer program`,
    );
  }
  if (version === newest || readOnly) return;
  inTransaction(db, () => {
    // Another process may have migrated while this one waited for the lock.
    for (const migration of schema.migrations.slice(userVersion(db))) db.exec(migration);
    db.exec(`PRAGMA user_version=${newest}`);
  });
}

function userVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/**
 * Runs `work` in a transaction that may write from its start; rolls back where it throws.
 * @param mode EXCLUSIVE on a server: while no other process writes; READ: nothing is written, and nobody waited for
 * @throws HashpoolError 'store-conflict' on a server: run it again, EXCLUSIVE
 */
export function inTransaction<T>(
  db: Database,
  work: () => T,
  mode: 'IMMEDIATE' | 'EXCLUSIVE' | 'READ' = 'IMMEDIATE',
): T {
  db.exec(mode === 'READ' ? 'BEGIN' : `BEGIN ${mode}`);
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
