import type { Row, SqlValue } from '../../../runtime/sql/database.ts';

const BITS = 32n;
const LOW = (1n << BITS) - 1n;
/** More than all miners of the world prove between two writes: what is above is some mistake, and must not stop the writing. */
const MOST = 1n << 80n;

/** A sum that may pass 2^63, as the two columns that hold it. */
export function split(value: bigint): [hi: bigint, lo: bigint] {
  const sum = value < MOST ? value : MOST;
  return [sum >> BITS, sum & LOW];
}

/** The sum that two columns hold. */
export function joined(row: Row, name: 'work' | 'ehash'): bigint {
  return (big(row[`${name}_hi`]) << BITS) + big(row[`${name}_lo`]);
}

/** An integer column that was read as bigint or as number. */
export function big(value: SqlValue | undefined): bigint {
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value ?? 0)));
}

export function number(row: Row, name: string): number {
  return Number(row[name] ?? 0);
}

export function text(row: Row, name: string): string {
  return String(row[name] ?? '');
}

export function maybe(row: Row, name: string): number | undefined {
  const value = row[name];
  return value === null || value === undefined ? undefined : Number(value);
}
