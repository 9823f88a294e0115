import { type TProperties, type TSchema, Type } from 'typebox';

/**
 * What the answers of the API are made of. Times are Unix milliseconds. Sums that may pass 2^53 are decimal strings;
 * rates are numbers, whole as far as 2^53.
 */

export function object<P extends TProperties>(properties: P, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) });
}

export function list<S extends TSchema>(item: S, description: string) {
  return Type.Array(item, { description });
}

export function nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

export const time = (description: string) =>
  Type.Integer({ minimum: 0, description: `${description}, Unix ms` });
export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const rate = (description: string) => Type.Number({ minimum: 0, description });
export const text = (description: string) => Type.String({ description });
export const flag = (description: string) => Type.Boolean({ description });
export const sum = (description: string) =>
  Type.String({ pattern: '^(0|[1-9][0-9]*)$', description: `${description}, a decimal integer` });
export const hash = (description: string) =>
  Type.String({ pattern: '^[0-9a-f]{64}$', description: `${description}, hex as block explorers show it` });

/** When an answer's figures were true. */
export const asOf = time('when these figures were gathered');

/** A rate of hashing over a window. */
export const hashrate = object(
  {
    hs: nullable(rate('hashes a second: work / seconds; null where nothing is known of the window')),
    error: nullable(rate('relative standard error of hs; null without a share')),
    work: sum('hashes that the shares of the window prove'),
    shares: count('shares of the window'),
    window_seconds: count('the window that was asked for, ending at as_of'),
    seconds: count('how much of it is known; hs is over these'),
  },
  'Work of accepted shares over a window.',
);
