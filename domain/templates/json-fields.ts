import { HashpoolError } from '../../protocols/errors.ts';

/** A JSON object, or 'bad-block-template'. */
export function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new HashpoolError('bad-block-template', `${what} is not a JSON object`);
}

/** A list, or 'bad-block-template'. */
export function listField(record: Record<string, unknown>, name: string): unknown[] {
  const value = record[name];
  if (Array.isArray(value)) return value;
  throw wrong(name, 'a list');
}

/** An exact integer of zero or more, or 'bad-block-template'. */
export function integerField(record: Record<string, unknown>, name: string): number {
  const value = record[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong(name, 'an integer of zero or more');
}

/** A text, of a pattern where one is given, or 'bad-block-template'. */
export function textField(record: Record<string, unknown>, name: string, pattern?: RegExp): string {
  const value = record[name];
  if (typeof value === 'string' && (pattern === undefined || pattern.test(value))) return value;
  throw wrong(name, 'a text of the right form');
}

/** A text that may be absent; anything else there is 'bad-block-template'. */
export function optionalTextField(record: Record<string, unknown>, name: string): string | undefined {
  return record[name] === undefined ? undefined : textField(record, name);
}

function wrong(name: string, wanted: string): HashpoolError {
  return new HashpoolError(
    'bad-block-template',
    `the block template's ${name} is not ${wanted}; is the node's version supported?`,
  );
}
