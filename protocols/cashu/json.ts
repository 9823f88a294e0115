import { HashpoolError, messageOf } from '../errors.ts';

/** JSON values with integers beyond 2^53 as bigint. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** A number of 16 digits or more where a value can stand; hex strings do not begin like that. */
const longNumber = /(?:^|[[:,\s])-?\d{16}/;
const integer = /^-?\d+$/;

/** No message of the NUTs comes near; what handles values one level at a time stays within its stack. */
const MAX_DEPTH = 64;

/**
 * Parses JSON without losing a digit: integers that a double cannot hold come out as bigint. Texts without long
 * numbers, which is nearly all of them, go through the engine's own parser alone.
 * @param maxValues in it at most, counted before any is made
 * @throws HashpoolError 'bad-json', also for what is nested deeper than 64 levels or has too many values
 */
export function parseJson(text: string, maxValues = Number.POSITIVE_INFINITY): Json {
  checkShape(text, maxValues);
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

function checkShape(text: string, maxValues: number): void {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') i = endOfString(text, i);
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    else if (character === ',') values++;
    if (depth > MAX_DEPTH)
      throw new HashpoolError('bad-json', `it is nested deeper than ${MAX_DEPTH} levels`);
    if (values > maxValues) throw new HashpoolError('bad-json', `it has more than ${maxValues} values`);
  }
}

/** Where the string that begins at `start` ends; the end of the text where it never does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
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
