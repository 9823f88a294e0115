import { type Database, openDatabase, type Schema } from './database.ts';
import { openPostgres } from './postgres/open.ts';

/** True for the URL of a PostgreSQL database, which may hold a password; any other place is the path of a SQLite file. */
export function isPostgres(place: string): boolean {
  return /^postgres(ql)?:\/\//.test(place);
}

/** Opens the database at a path or URL. @throws HashpoolError as `openDatabase` and `openPostgres` */
export function openPlace(place: string, schema: Schema, options: { readOnly?: boolean } = {}): Database {
  return isPostgres(place) ? openPostgres(place, schema, options) : openDatabase(place, schema, options);
}
