import { HashpoolError } from '../../../protocols/errors.ts';
import type { Row } from '../../../runtime/sql/database.ts';

export type { Row };

/** The bytes in a column. @throws HashpoolError 'bad-row' where it holds something else */
export function blob(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw badRow(column, 'bytes');
}

/** The integer in a column that stays below 2^53. @throws HashpoolError 'bad-row' */
export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  throw badRow(column, 'an integer');
}

/** The 64-bit integer in a column of a statement that reads bigint. @throws HashpoolError 'bad-row' */
export function bigInteger(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value === 'bigint') return value;
  throw badRow(column, 'a 64-bit integer');
}

/** The text in a column. @throws HashpoolError 'bad-row' */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw badRow(column, 'text');
}

function badRow(column: string, wanted: string): HashpoolError {
  return new HashpoolError(
    'bad-row',
    `column ${column} of the mint's database holds no ${wanted}; restore a backup`,
  );
}
