import { HashpoolError, messageOf } from '../errors.ts';

/** JSON values with integers beyond 2^53 as bigint. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** A number of 16 digits or more where a value can stand; hex strings do not begin like that. */
const longNumber = /(?:^|[[:,\s])-?\d{16}/;
const integer = /^-?\d+$/;

/**
 * Parses JSON without losing a digit: integers that a double cannot hold come out as bigint. Texts without long
 * numbers, which is nearly all of them, go through the engine's own parser alone.
 * @throws HashpoolError 'bad-json'
 */
export function parseJson(text: string): Json {
  try {
    if (!longNumber.test(text)) return JSON.parse(text) as Json;
    return JSON.parse(text, exactInteger) as Json;
  } catch (cause) {
    throw new HashpoolError('bad-json', `the text is not JSON: ${messageOf(cause)}`, { cause });
  }
}

/** Serialises with bigint as a plain JSON number. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? jsonInteger(item) : item));
}

/** `value` as something that `JSON.stringify` writes as a number, exact at any size. */
export function jsonInteger(value: bigint): unknown {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : rawJson(value.toString());
}

interface SourceText {
  readonly source?: string;
}

function exactInteger(_key: string, value: unknown, context?: SourceText): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return integer.test(source) ? BigInt(source) : value;
}

/** ECMAScript's `JSON.rawJSON`, which the compiler's library does not declare yet. */
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(text: string): unknown };
