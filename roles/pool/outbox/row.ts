import { HashpoolError } from '../../../protocols/errors.ts';

/** The bytes in a column. @throws HashpoolError 'bad-outbox' where it holds something else */
export function blob(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new HashpoolError('bad-outbox', 'the outbox holds no bytes where bytes belong: is the file damaged?');
}
