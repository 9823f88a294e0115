import { HashpoolError } from '../../../../protocols/errors.ts';

/** A list of objects in a node's answer. @throws HashpoolError 'bad-node-answer' */
export function listOf(answer: Record<string, unknown>, field: string): Record<string, unknown>[] {
  const value = answer[field];
  if (Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null)) return value;
  throw badAnswer(field, 'list');
}

/** A text in a node's answer. @throws HashpoolError 'bad-node-answer' */
export function textOf(answer: Record<string, unknown>, field: string): string {
  const value = answer[field];
  if (typeof value === 'string') return value;
  throw badAnswer(field, 'text');
}

/**
 * An amount in a node's answer, in sats. It comes as a number of bitcoins with eight decimals, which the nearest
 * double tells apart for all amounts that there can be.
 * @throws HashpoolError 'bad-node-answer'
 */
export function satsOf(answer: Record<string, unknown>, field: string): bigint {
  const value = answer[field];
  if (typeof value !== 'number') throw badAnswer(field, 'amount');
  return BigInt(value.toFixed(8).replace('.', ''));
}

/** Sats as bitcoind takes an amount. */
export function bitcoins(sats: bigint): string {
  return `${sats / 100_000_000n}.${String(sats % 100_000_000n).padStart(8, '0')}`;
}

function badAnswer(field: string, wanted: string): HashpoolError {
  return new HashpoolError(
    'bad-node-answer',
    `bitcoind answered without the ${wanted} ${field}: its version is too old`,
  );
}
