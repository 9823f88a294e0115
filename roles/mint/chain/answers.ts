import { HashpoolError } from '../../../protocols/errors.ts';

/** A node's answer as an object. @throws HashpoolError 'bad-node-answer' */
export function asObject(answer: unknown): Record<string, unknown> {
  if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>;
  throw new HashpoolError(
    'bad-node-answer',
    'bitcoind answered with no object: is it bitcoind that listens there?',
  );
}

/** A number in a node's answer. @throws HashpoolError 'bad-node-answer' */
export function numberOf(answer: Record<string, unknown>, field: string): number {
  const value = answer[field];
  if (typeof value === 'number') return value;
  throw new HashpoolError('bad-node-answer', `bitcoind answered without ${field}: its version is too old`);
}
