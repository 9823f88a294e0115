import type { TSchema } from 'typebox';
import { quoted } from '../../protocols/bytes.ts';
import { stringifyJson } from '../../protocols/cashu/json.ts';

/** What is used of a validator's error: where in the value. */
interface Mismatch {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: object;
}

/**
 * The first thing wrong with `data`, for the one who sent it: field, what it is, what it must be. The last comes
 * from the field's `description` in its schema.
 * @param part of the request: body, params, querystring
 */
export function describeMismatch(
  schema: TSchema,
  errors: readonly Mismatch[],
  data: unknown,
  part: string,
): string {
  const [first] = errors;
  const path = (first?.instancePath ?? '').split('/').slice(1);
  const missing = missingField(first);
  if (missing !== undefined) path.push(missing);
  const field = fieldName(path) || `the ${part}`;
  const wanted = describedAt(schema, path) ?? 'of another form';
  const value = valueAt(data, path);
  if (value === undefined) return `${field} is missing; it must be ${wanted}`;
  return `${field} is ${quoted(stringifyJson(value))}; it must be ${wanted}`;
}

function missingField(error: Mismatch | undefined): string | undefined {
  if (error?.keyword !== 'required' || !('requiredProperties' in error.params)) return undefined;
  const { requiredProperties } = error.params;
  return Array.isArray(requiredProperties) ? String(requiredProperties[0]) : undefined;
}

/** outputs/3/B_ as outputs[3].B_ */
function fieldName(path: readonly string[]): string {
  return path.reduce(
    (name, step) => (/^\d+$/.test(step) ? `${name}[${step}]` : name ? `${name}.${step}` : step),
    '',
  );
}

function describedAt(schema: object, path: readonly string[]): string | undefined {
  let at: unknown = schema;
  let description = textOf(at);
  for (const step of path) {
    at = childOf(at, step);
    description = textOf(at) ?? description;
  }
  return description;
}

function childOf(schema: unknown, step: string): unknown {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('properties' in schema) return (schema.properties as Record<string, unknown>)[step];
  if ('items' in schema) return schema.items;
  if ('anyOf' in schema && Array.isArray(schema.anyOf)) {
    return schema.anyOf.map((option) => childOf(option, step)).find((child) => child !== undefined);
  }
  return undefined;
}

function textOf(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null || !('description' in schema)) return undefined;
  return String(schema.description);
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => {
    return typeof at === 'object' && at !== null && Object.hasOwn(at, step)
      ? (at as Record<string, unknown>)[step]
      : undefined;
  }, data);
}
