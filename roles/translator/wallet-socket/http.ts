import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseJson, stringifyJson } from '../../../protocols/cashu/json.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';

const MAX_BODY_BYTES = 4096;
const TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 64;
/** Requests of all clients in one second: behind the socket is one, proxy-stats. */
const REQUESTS_PER_SECOND = 50;

/** What an error is to HTTP; anything else is 500, and told to the log alone. */
const statuses: Readonly<Record<string, number>> = {
  'bad-request': 400,
  'bad-address': 400,
  'bad-code': 401,
  'bad-signature': 401,
  'no-session': 401,
  'faucet-off': 404,
  'not-found': 404,
  'faucet-limit': 429,
  'too-many-requests': 429,
  'too-many-sign-ins': 429,
  'too-many-tokens': 429,
  'faucet-busy': 503,
  'faucet-empty': 503,
  'mint-unreachable': 503,
  'no-active-keyset': 503,
  'not-enough': 503,
  'wallet-busy': 503,
};

/**
 * The HTTP side of the wallet's socket without its routes: limits, exact JSON, checks by the schemas that the routes
 * declare, and errors as `{"code", "message"}`.
 * @param clock monotonic milliseconds
 */
export function openHttp(log: Logger, clock: () => number): FastifyInstance {
  const http = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: TIMEOUT_MS,
    connectionTimeout: TIMEOUT_MS,
    keepAliveTimeout: TIMEOUT_MS,
    forceCloseConnections: true,
  });
  http.server.headersTimeout = TIMEOUT_MS;
  http.server.maxConnections = MAX_CONNECTIONS;

  http.removeAllContentTypeParsers();
  http.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(String(body)));
    } catch (error) {
      done(badRequest(`the body is no JSON (${messageOf(error)}): send one JSON object`), undefined);
    }
  });
  http.setValidatorCompiler(({ schema, httpPart }) => checker(schema as TSchema, httpPart ?? 'body'));
  http.setReplySerializer(stringifyJson);

  const isTooMany = counter(clock);
  http.addHook('onRequest', async () => {
    if (!isTooMany()) return;
    throw new HashpoolError(
      'too-many-requests',
      `more than ${REQUESTS_PER_SECOND} requests in a second: slow down`,
    );
  });
  http.setNotFoundHandler((request) => {
    throw new HashpoolError('not-found', `there is no ${request.method} ${request.url.slice(0, 100)} here`);
  });
  http.setErrorHandler((error: FastifyError, _request, reply) => {
    const known = asKnown(error);
    const status = known && statuses[known.code];
    if (known && status !== undefined) {
      return reply.code(status).send({ code: known.code, message: known.message });
    }
    log.error({ err: error }, 'a request to the wallet failed');
    return reply
      .code(500)
      .send({ code: 'internal', message: "the wallet failed: the translator's log says why" });
  });
  return http;
}

function badRequest(message: string, cause?: unknown): HashpoolError {
  return new HashpoolError('bad-request', message, { cause });
}

/** Fastify's own complaints about a request are the client's to read. */
function asKnown(error: Error & { statusCode?: number }): HashpoolError | undefined {
  if (isHashpoolError(error)) return error;
  const status = error.statusCode ?? 500;
  return status < 500 ? badRequest(error.message, error) : undefined;
}

function checker(schema: TSchema, part: string): (data: unknown) => { value: unknown } | { error: Error } {
  const compiled = Compile(schema);
  return (data) => {
    if (compiled.Check(data)) return { value: data };
    const wanted = 'description' in schema ? `: it must be ${schema.description}` : '';
    return { error: badRequest(`the ${part} is not what is wanted${wanted}`) };
  };
}

function counter(clock: () => number): () => boolean {
  let second = 0;
  let count = 0;
  return () => {
    const now = Math.floor(clock() / 1000);
    count = now === second ? count + 1 : 1;
    second = now;
    return count > REQUESTS_PER_SECOND;
  };
}
