import { createHash } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { quoted } from '../../../protocols/bytes.ts';
import { HashpoolError, isHashpoolError } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ApiError } from './schemas/error.ts';

const MAX_BODY_BYTES = 16 * 1024;
const TIMEOUT_MS = 30_000;
const HEADERS_MS = 10_000;
const MAX_CONNECTIONS = 2_000;
const MAX_PATH_PARAMETER = 100;
/** A page and what it draws may be fetched again after so long; ETags make that cheap. */
const CACHE_CONTROL = 'no-cache';
/** When an answer was made does not make it another one. */
const AS_OF = /"as_of":\d+/;

declare module 'fastify' {
  interface FastifySchema {
    /** What a route is for, in the documentation. */
    summary?: string;
    /** Left out of it. */
    hide?: boolean;
  }
}

/** What an error of ours is to HTTP; anything else is 500, and told to the log alone. */
const statuses: Readonly<Record<string, number>> = {
  'bad-query': 400,
  'not-found': 404,
  'bad-signature': 403,
  'bad-origin': 403,
  'bad-code': 401,
  'no-session': 401,
  'faucet-off': 404,
  'faucet-limit': 429,
  'faucet-empty': 503,
  'faucet-busy': 503,
  'too-many-sign-ins': 429,
  'too-many-tokens': 429,
  'not-enough': 409,
  'no-active-keyset': 503,
  'mint-unreachable': 503,
  'wallet-busy': 503,
  'wallet-unavailable': 503,
  'store-unavailable': 503,
  'store-busy': 503,
};

/** The HTTP side of a stats service without its routes: limits, checked queries, ETags, errors as `{code, message}`. */
export function openHttp(log: Logger): FastifyInstance {
  const http = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: TIMEOUT_MS,
    connectionTimeout: TIMEOUT_MS,
    keepAliveTimeout: TIMEOUT_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER },
    http: { shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket' },
  });
  http.server.headersTimeout = HEADERS_MS;
  http.server.maxConnections = MAX_CONNECTIONS;
  http.setValidatorCompiler(({ schema, httpPart }) => validator(schema as TSchema, httpPart ?? 'body'));
  http.setSerializerCompiler(() => JSON.stringify);
  http.addHook('onSend', async (request, reply, payload) => {
    const isJson = String(reply.getHeader('content-type')).startsWith('application/json');
    if (request.method !== 'GET' || typeof payload !== 'string' || !isJson || reply.statusCode !== 200)
      return payload;
    const digest = createHash('sha256').update(payload.replace(AS_OF, ''));
    const etag = `W/"${digest.digest('base64url').slice(0, 22)}"`;
    reply.header('etag', etag).header('cache-control', CACHE_CONTROL);
    if (request.headers['if-none-match'] !== etag) return payload;
    reply.code(304);
    return '';
  });
  http.setNotFoundHandler((request) => {
    throw new HashpoolError(
      'not-found',
      `there is no ${request.method} ${request.url.slice(0, 100)} here; /api/docs lists what is`,
    );
  });
  http.setErrorHandler((error: FastifyError, _request, reply) => {
    const { status, body } = answerOf(error);
    if (status === 500) log.error({ err: error }, 'a request failed');
    if (status === 503) reply.header('retry-after', '5');
    return reply.code(status).send(body);
  });
  return http;
}

/** A query parameter that is out of range. */
class BadQuery extends HashpoolError {
  readonly field: string;
  /** Of Fastify: its own status for what a validator throws. */
  readonly statusCode = 400;

  constructor(field: string, message: string) {
    super('bad-query', message);
    this.field = field;
  }
}

function answerOf(error: FastifyError): { status: number; body: ApiError } {
  if (error instanceof BadQuery) {
    return { status: 400, body: { code: error.code, message: error.message, field: error.field } };
  }
  if (isHashpoolError(error)) {
    const status = statuses[error.code];
    if (status !== undefined) return { status, body: { code: error.code, message: error.message } };
  }
  const status = error.statusCode ?? 500;
  if (status < 500) return { status, body: { code: 'bad-request', message: error.message } };
  return {
    status: 500,
    body: { code: 'internal', message: 'the service failed: its log says why; try again later' },
  };
}

/** Query values come as text: what a schema wants as a number is read as one, and defaults are filled in. */
function validator(schema: TSchema, part: string): (data: unknown) => { value: unknown } | { error: Error } {
  const compiled = Compile(schema);
  return (data) => {
    const value = Value.Default(
      schema,
      part === 'body' ? data : Value.Convert(schema, { ...(data as object) }),
    );
    return compiled.Check(value) ? { value } : { error: mismatch(schema, value) };
  };
}

interface Described {
  readonly properties?: Readonly<Record<string, Described & { readonly description?: string }>>;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

function mismatch(schema: TSchema, value: unknown): BadQuery {
  const error = [...Value.Errors(schema, value)][0];
  const known = (schema as Described).properties ?? {};
  if (error?.keyword === 'additionalProperties') {
    const [field = ''] = (error.params as { additionalProperties: string[] }).additionalProperties;
    const names = Object.keys(known).join(', ');
    return new BadQuery(
      field,
      `${quoted(field)} is no parameter here; ${names === '' ? 'none is' : `there are ${names}`}`,
    );
  }
  const field = error?.instancePath.slice(1) ?? '';
  if (field === '') return new BadQuery('', `a JSON object with ${Object.keys(known).join(', ')} is wanted`);
  const given = (value as Record<string, unknown>)[field];
  return new BadQuery(
    field,
    `${field} is ${quoted(String(given))}; it must be ${allowed(known[field] ?? {})}`,
  );
}

function allowed({ enum: choices, pattern, type, minimum, maximum, maxLength }: Described): string {
  if (choices) return choices.map((choice) => `"${choice}"`).join(' or ');
  if (pattern !== undefined) return `a text that fits ${pattern}`;
  if (type === 'integer') return `an integer from ${minimum} to ${maximum}`;
  return `a text of at most ${maxLength} characters`;
}
