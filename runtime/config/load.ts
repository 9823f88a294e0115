import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { quoted } from '../../protocols/bytes.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';

/** A config that can't be used: the role ends with exit code 78 and this one line. */
export class ConfigError extends HashpoolError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('bad-config', message, options);
    this.name = 'ConfigError';
  }
}

/**
 * Reads a TOML file, fills in defaults and checks it against its schema.
 * @throws ConfigError one line that names file, key, value and what is allowed
 */
export function loadConfig<S extends TSchema>(schema: S, file: string): Static<S> {
  const value = Value.Default(schema, readToml(file));
  const problem = firstDate(value) ?? firstProblem(schema, value);
  if (problem) throw new ConfigError(`${file}: ${problem}`);
  return value as Static<S>;
}

function readToml(file: string): unknown {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${file}: can't be read (${messageOf(cause)})`, { cause });
  }
  try {
    return parse(source);
  } catch (cause) {
    const where = cause instanceof TomlError ? ` at line ${cause.line}` : '';
    const words = messageOf(cause).split('\n')[0];
    throw new ConfigError(`${file}: not TOML${where}: ${words}`, { cause });
  }
}

/** A date, in words, or undefined: no key takes one, and to a schema it looks like an empty table. */
function firstDate(value: unknown, path = ''): string | undefined {
  if (value instanceof Date) return `${path} = ${value.toISOString()} is not allowed; no key here is a date`;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const problem = firstDate(inner, join(path, key));
    if (problem) return problem;
  }
  return undefined;
}

/** The first thing wrong with `value`, in words, or undefined. A key nobody knows comes before a key that is missing: it is most often the reason. */
function firstProblem(schema: TSchema, value: unknown): string | undefined {
  const errors = [...Value.Errors(schema, value)];
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties') ?? errors[0];
  if (!error) return undefined;
  const key = error.instancePath.slice(1).replaceAll('/', '.');
  if (error.keyword === 'additionalProperties') {
    const unknown = (error.params as { additionalProperties: string[] }).additionalProperties[0] ?? '';
    const known = Object.keys(
      (schemaAt(schema, error.instancePath) as { properties?: object }).properties ?? {},
    );
    return `${join(key, unknown)} is not a key here; allowed: ${known.join(', ')}`;
  }
  if (error.keyword === 'required') {
    const missing = (error.params as { requiredProperties: string[] }).requiredProperties[0] ?? '';
    const wanted = schemaAt(schema, `${error.instancePath}/${missing}`);
    return `${join(key, missing)} is missing; it must be ${allowed(wanted)}`;
  }
  const bad = valueAt(value, error.instancePath);
  const at = schemaAt(schema, error.instancePath);
  return `${key || 'the file'} = ${shown(at, bad)} is not allowed; it must be ${allowed(at)}`;
}

function join(table: string, key: string): string {
  return table ? `${table}.${key}` : key;
}

function pointer(path: string): string[] {
  return path.split('/').slice(1);
}

function valueAt(value: unknown, path: string): unknown {
  return pointer(path).reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | undefined)?.[key],
    value,
  );
}

interface Described {
  readonly properties?: Record<string, Described>;
  readonly items?: Described;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly allowed?: string;
  readonly kind?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

function schemaAt(schema: TSchema, path: string): Described {
  return pointer(path).reduce<Described>(
    (at, key) => at.properties?.[key] ?? at.items ?? {},
    schema as Described,
  );
}

/** What a schema lets through, in words. */
function allowed(schema: Described): string {
  if (schema.allowed) return schema.allowed;
  if (schema.enum) return schema.enum.map((choice) => `"${choice}"`).join(', ');
  if (schema.type === 'integer') return `an integer from ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'array') return `a list${schema.minItems ? ` of at least ${schema.minItems}` : ''}`;
  if (schema.type === 'object') return 'a table';
  if (schema.pattern) return `a text that matches ${schema.pattern}`;
  return `a text of ${schema.minLength ?? 0} to ${schema.maxLength ?? 1000} characters`;
}

/** The value as the message shows it. What stands where a reference to a secret belongs may be the secret. */
function shown(schema: Described, value: unknown): string {
  if (schema.kind === 'secret') return '(not shown)';
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'a table') : String(value);
}
