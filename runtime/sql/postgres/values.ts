import { toHex } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { SqlValue } from '../database.ts';

/** Types of PostgreSQL by their numbers in its catalogue (pg_type.dat). */
const BOOL = 16;
const BYTEA = 17;
const FLOAT8 = 701;
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23]);
const TEXTS: ReadonlySet<number> = new Set([19, 25, 705, 1043]);

/** A parameter in the text form that PostgreSQL reads for whatever type its place in the statement has. */
export function encodeValue(value: SqlValue): string | null {
  if (value === null || typeof value === 'string') return value;
  return value instanceof Uint8Array ? `\\x${toHex(value)}` : String(value);
}

/**
 * A column in PostgreSQL's text form as node:sqlite would give it: truth as 0 and 1, bytes as Uint8Array.
 * @param type its number in the catalogue
 * @throws HashpoolError 'bad-column' for a type that our tables don't have, and for an integer above 2^53 that was
 * not asked for as bigint
 */
export function decodeValue(text: string | null, type: number, bigInts: boolean): SqlValue {
  if (text === null || TEXTS.has(type)) return text;
  if (INTEGERS.has(type)) return integer(text, bigInts);
  if (type === FLOAT8) return Number(text);
  if (type === BYTEA) return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
  if (type === BOOL) return integer(text === 't' ? '1' : '0', bigInts);
  throw new HashpoolError(
    'bad-column',
    `a column has PostgreSQL's type ${type}; CAST it to BIGINT, TEXT or BYTEA in the statement`,
  );
}

function integer(text: string, bigInts: boolean): number | bigint {
  if (bigInts) return BigInt(text);
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new HashpoolError('bad-column', `a column holds ${text}, above 2^53: read it as bigint`);
}
