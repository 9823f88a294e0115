import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import { inTransaction, type Schema } from '../database.ts';
import { PostgresDatabase, SCHEMAS } from './database.ts';
import { translateTables } from './dialect.ts';
import { Server } from './server.ts';

/** Two processes that create a table at once hurt each other, IF NOT EXISTS or not; the number is "hashpool" in ASCII. */
const CREATE_SCHEMAS = `
  BEGIN;
  SELECT pg_advisory_xact_lock(7521419745085583212);
  CREATE TABLE IF NOT EXISTS ${SCHEMAS} (name TEXT PRIMARY KEY, version BIGINT NOT NULL);
  COMMIT`;

/** A migration or an audit of large tables takes as long as it takes. */
const PATIENT_MS = 3_600_000;

/**
 * Opens a database of a PostgreSQL server for the thread that calls, which will stand still while it is asked; brings
 * its tables to the newest version in one transaction.
 * @param url postgres://…
 * @throws HashpoolError 'database-newer' where a newer program has written it, 'database-open' where it can't be opened
 */
export function openPostgres(
  url: string,
  schema: Schema,
  { readOnly = false }: { readOnly?: boolean } = {},
): PostgresDatabase {
  const server = new Server(url, { readOnly });
  const db = new PostgresDatabase(server);
  const { answerMs } = server;
  try {
    server.answerMs = PATIENT_MS;
    checkAndMigrate(db, url, schema, readOnly);
    if (!readOnly) server.answerMs = answerMs;
    return db;
  } catch (cause) {
    db.close();
    if (cause instanceof HashpoolError && cause.code.startsWith('database-')) throw cause;
    throw new HashpoolError(
      'database-open',
      `can't open the ${schema.name} database ${serverName(url)}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Server and database, without what may be secret in a URL. */
export function serverName(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '');
}

function checkAndMigrate(db: PostgresDatabase, url: string, schema: Schema, readOnly: boolean): void {
  if (checkedVersion(db, url, schema) === schema.migrations.length || readOnly) return;
  db.exec(CREATE_SCHEMAS);
  const migrate = () => {
    // Another process may have migrated while this one waited for the lock.
    const version = checkedVersion(db, url, schema);
    for (const migration of schema.migrations.slice(version)) db.exec(translateTables(migration));
    const write = db.prepare(
      `INSERT INTO ${SCHEMAS} (name, version) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version`,
    );
    write.run(schema.name, schema.migrations.length);
  };
  inTransaction(db, migrate, 'EXCLUSIVE');
}

function checkedVersion(db: PostgresDatabase, url: string, { name, migrations }: Schema): number {
  const version = versionOf(db, name);
  if (version <= migrations.length) return version;
  throw new HashpoolError(
    'database-newer',
    `the ${name} database ${serverName(url)} has version ${version}, this program knows ${migrations.length}: run the newer program`,
  );
}

function versionOf(db: PostgresDatabase, name: string): number {
  if (db.prepare(`SELECT 1 WHERE to_regclass('${SCHEMAS}') IS NULL`).get()) return 0;
  return Number(db.prepare(`SELECT version FROM ${SCHEMAS} WHERE name = ?`).get(name)?.['version'] ?? 0);
}
