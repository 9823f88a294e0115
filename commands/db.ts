import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { HashpoolError, messageOf } from '../protocols/errors.ts';
import { isPostgres } from '../runtime/sql/open.ts';
import { serverName } from '../runtime/sql/postgres/open.ts';
import { stateFolder } from '../services/supervisor/state-folder.ts';
import { readOrHelp, runCommand, usageError } from './appliance/command-line.ts';
import { databasePaths } from './appliance/databases.ts';
import { formatTable } from './appliance/text-table.ts';

const usage = `npm run db -- wallet|mint [--sql "SELECT ..."] [--state DIR]: looks into a database, also of a running appliance

Shows its tables and takes SQL, line by line; Ctrl-D leaves. Nothing can be changed. With --sql it answers that one
query, a row of JSON per line. --state names the appliance's folder (default .state).`;

/** Rows that the prompt shows of one answer. */
const ROWS_SHOWN = 200;

type Row = Record<string, SQLOutputValue>;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, {
    sql: { type: 'string' },
    state: { type: 'string', default: '.state' },
  });
  const db = openReadOnly(databaseOf(positionals, values.state));
  try {
    if (values.sql === undefined) await prompt(db);
    else for (const row of query(db, values.sql)) process.stdout.write(`${JSON.stringify(row, printable)}\n`);
    return 0;
  } finally {
    db.close();
  }
}

function databaseOf([which, ...rest]: readonly string[], state: string): string {
  if (rest.length === 0 && (which === 'wallet' || which === 'mint'))
    return databasePaths(stateFolder(state))[which];
  throw usageError('name one of wallet, mint; --help says more');
}

function openReadOnly(path: string): DatabaseSync {
  if (isPostgres(path)) {
    throw new HashpoolError(
      'not-a-file',
      `the mint's database is ${serverName(path)}: look into it with psql`,
    );
  }
  if (!existsSync(path))
    throw new HashpoolError('no-database', `${path} is not there yet: npm start makes it`);
  return new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
}

function query(db: DatabaseSync, sql: string): Iterable<Row> {
  const statement = db.prepare(sql);
  statement.setReadBigInts(true);
  return statement.iterate();
}

async function prompt(db: DatabaseSync): Promise<void> {
  process.stdout.write(`${formatTable(tables(db))}\n`);
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'sql> ' });
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== '') process.stdout.write(`${answer(db, line)}\n`);
    lines.prompt();
  }
  process.stdout.write('\n');
}

function answer(db: DatabaseSync, sql: string): string {
  try {
    const rows: Row[] = [];
    for (const row of query(db, sql)) {
      if (rows.length === ROWS_SHOWN) return `${formatTable(rows.map(shown))}\nthe first ${ROWS_SHOWN} rows`;
      rows.push(row);
    }
    return rows.length === 0 ? 'no rows' : formatTable(rows.map(shown));
  } catch (error) {
    return `not done: ${messageOf(error)}`;
  }
}

/** The tables with their number of rows. */
function tables(db: DatabaseSync): Record<string, string>[] {
  const names = db.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
  );
  return names.all().map(({ name }) => {
    const [count] = query(db, `SELECT count(*) AS n FROM "${name}"`);
    return { table: String(name), rows: String(count?.['n']) };
  });
}

function shown(row: Row): Record<string, string> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, String(printable(name, value))]),
  );
}

/** Bytes as hex, integers with all their digits. */
function printable(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

await runCommand('npm run db', () => main(process.argv.slice(2)));
