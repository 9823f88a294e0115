import { type Database, openDatabase, type Schema } from './database.ts';
import { openPostgres } from './postgres/open.ts';

/** Where a database is: a file for SQLite, or a PostgreSQL server's URL, which may hold a password. */
export type Place = { readonly path: string } | { readonly url: string };

/** Opens a database wherever it is; @throws HashpoolError as `openDatabase` and `openPostgres` */
export function openPlace(place: Place, schema: Schema, options: { readOnly?: boolean } = {}): Database {
  return 'path' in place
    ? openDatabase(place.path, schema, options)
    : openPostgres(place.url, schema, options);
}
