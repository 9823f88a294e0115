import { type Static, type TArray, type TObject, type TSchema, Type } from 'typebox';

/**
 * The kinds of value that a config key can have. Each carries a description, so that types, checks, error
 * texts and the documentation all come out of one declaration. `kind` says what a text means to whoever
 * rewrites configs, as the supervisor does with ports.
 */
export type Kind = 'address' | 'url' | 'port' | 'path' | 'secret' | 'public';
export type ConfigOf<S extends TSchema> = Static<S>;

/** 0 to 65535, in decimal. */
const PORT_PATTERN = '([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

interface Choices<T> {
  readonly default?: T;
}

/** A table of named keys; any other key is an error. */
export function table<P extends Record<string, TSchema>>(properties: P, description?: string): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) });
}

/** A table that may be left out whole: each of its keys has a default. */
export function defaulted<P extends Record<string, TSchema>>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, default: {} });
}

/** A key that may be left out without a default. */
export function optional<S extends TSchema>(schema: S) {
  return Type.Optional(schema);
}

export function list<S extends TSchema>(
  item: S,
  description: string,
  { min = 0, max = 1000, ...rest }: Choices<Static<S>[]> & { min?: number; max?: number } = {},
): TArray<S> {
  return Type.Array(item, { description, minItems: min, maxItems: max, ...rest });
}

export function text(
  description: string,
  options: Choices<string> & {
    pattern?: string;
    minLength?: number;
    maxLength?: number;
    allowed?: string;
  } = {},
) {
  return Type.String({ description, maxLength: 1000, ...options });
}

/** An integer from `min` to `max`, both allowed. */
export function integer(description: string, options: Choices<number> & { min: number; max: number }) {
  const { min, max, ...rest } = options;
  return Type.Integer({ description, minimum: min, maximum: max, ...rest });
}

export function flag(description: string, options: Choices<boolean> = {}) {
  return Type.Boolean({ description, ...options });
}

export function choice<const C extends string[]>(
  description: string,
  choices: readonly [...C],
  options: Choices<C[number]> = {},
) {
  return Type.Enum([...choices], { description, ...options });
}

/** `host:port`, an IPv6 host in brackets. */
export function address(description: string, options: Choices<string> = {}) {
  return Type.String({
    description,
    kind: 'address' satisfies Kind,
    pattern: `^(\\[[0-9a-fA-F:]+\\]|[A-Za-z0-9.-]+):${PORT_PATTERN}$`,
    allowed: 'host:port, as in "127.0.0.1:8442", the port at most 65535',
    ...options,
  });
}

export function url(description: string, options: Choices<string> = {}) {
  return Type.String({
    description,
    kind: 'url' satisfies Kind,
    pattern: '^https?://[^\\s]+$',
    allowed: 'an http:// or https:// address',
    ...options,
  });
}

export function port(description: string, options: Choices<number> = {}) {
  return Type.Integer({ description, kind: 'port' satisfies Kind, minimum: 0, maximum: 65535, ...options });
}

/** A file; a relative one lies in the role's state folder. */
export function path(description: string, options: Choices<string> = {}) {
  return Type.String({ description, kind: 'path' satisfies Kind, minLength: 1, ...options });
}

/** A reference to a secret: where it lies, never the secret itself. */
export function secret(description: string, options: Choices<string> = {}) {
  return Type.String({
    description,
    kind: 'secret' satisfies Kind,
    pattern: '^(credential:[A-Za-z0-9._-]+|file:/.+)$',
    allowed: 'credential:NAME or file:/PATH (a secret is never written into a config file)',
    ...options,
  });
}

/** A PostgreSQL database: its URL where that holds no password, or a reference to where the URL lies. */
export function postgres(description: string) {
  return Type.String({
    description,
    kind: 'secret' satisfies Kind,
    pattern: '^(credential:[A-Za-z0-9._-]+|file:/.+|(?!.*password=)postgres(ql)?://([^:@/\\s]+@)?[^@\\s]+)$',
    allowed:
      'a URL as in "postgres://mint@10.0.0.2/mint?sslmode=verify-full", or where one with a password lies: credential:NAME or file:/PATH',
  });
}

/** A public value: written out, or a reference to the file that holds it. */
export function publicValue(description: string, options: Choices<string> = {}) {
  return Type.String({
    description,
    kind: 'public' satisfies Kind,
    minLength: 1,
    pattern: '^(public:[A-Za-z0-9._-]+|file:/.+|[^:]+)$',
    allowed: 'the value itself, public:NAME or file:/PATH',
    ...options,
  });
}
