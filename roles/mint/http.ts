import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { cashuError, cashuErrorRow, cashuErrors } from '../../protocols/cashu/errors.ts';
import { parseJson } from '../../protocols/cashu/json.ts';
import { isHashpoolError, messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import { describeMismatch } from './mismatch.ts';

const MAX_BODY_BYTES = 1 << 20;
/** In a body: twice what 1,000 proofs and 1,000 outputs have, so that saying what is wrong with it stays cheap. */
const MAX_VALUES = 25_000;
/** How long the mint waits for a client, in milliseconds. */
export interface Patience {
  /** For its headers, and for all of its request. */
  readonly headers: number;
  readonly request: number;
  /** For anything to move on a connection, also where it is the client that does not read. */
  readonly idle: number;
}
const patience: Patience = { headers: 10_000, request: 30_000, idle: 30_000 };
/** How often it is looked who is late, in parts of what he had for his headers. */
const CHECKS = 4;
const MAX_CONNECTIONS = 2_000;
const MAX_PATH_PARAMETER = 200;
const PREFLIGHT_SECONDS = '600';
/** When to come back where nobody knows better. */
const RETRY_SECONDS = '2';

/**
 * The HTTP side of the mint without its routes: limits, lossless JSON, validation by the schemas that the routes
 * declare, CORS for wallets in browsers, and errors as NUT-00 has them.
 */
export function openHttp(log: Logger, { headers, request, idle } = patience): FastifyInstance {
  const http = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: request,
    keepAliveTimeout: idle,
    connectionTimeout: idle,
    forceCloseConnections: true,
    // Clients that offer HTTP/2 along with a request get their answer all the same.
    http: {
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
      connectionsCheckingInterval: headers / CHECKS,
    },
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER },
  });
  http.server.headersTimeout = headers;
  http.server.maxConnections = MAX_CONNECTIONS;

  http.removeAllContentTypeParsers();
  http.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(String(body), MAX_VALUES));
    } catch (error) {
      done(
        cashuError('request-malformed', `the body is no JSON (${messageOf(error)}); send one JSON object`),
        undefined,
      );
    }
  });
  http.setValidatorCompiler(({ schema, httpPart }) => validator(schema as TSchema, httpPart ?? 'body'));
  http.setReplySerializer((payload) => JSON.stringify(payload));

  http.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'retry-after');
    if (request.method !== 'OPTIONS') return;
    reply.header('access-control-allow-methods', 'GET, POST, OPTIONS');
    reply.header('access-control-allow-headers', 'content-type');
    reply.header('access-control-max-age', PREFLIGHT_SECONDS);
    await reply.code(204).send();
  });
  http.setNotFoundHandler((request, reply) => {
    const detail = `${request.method} ${request.url.slice(0, MAX_PATH_PARAMETER)}; /v1/info lists what this mint does`;
    answerError(cashuError('not-found', detail), reply, log);
  });
  http.setErrorHandler((error: FastifyError, _request, reply) =>
    answerError(asCashuError(error), reply, log),
  );
  return http;
}

function validator(schema: TSchema, part: string): (data: unknown) => { value: unknown } | { error: Error } {
  const compiled = Compile(schema);
  return (data) =>
    compiled.Check(data)
      ? { value: data }
      : {
          error: cashuError('request-malformed', describeMismatch(schema, compiled.Errors(data), data, part)),
        };
}

/** Fastify's own complaints, as errors of our table. */
function asCashuError(error: FastifyError): Error {
  if (cashuErrorRow(error)) return error;
  if (isStoreAway(error)) {
    return cashuError('mint-not-ready', 'its database does not answer; try again in a moment', error);
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return cashuError('request-too-large', `the body passes ${MAX_BODY_BYTES} bytes; split the request`);
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return cashuError('request-malformed', error.message, error);
  }
  return error;
}

function isStoreAway(error: unknown): boolean {
  return isHashpoolError(error, 'store-unavailable', 'store-busy');
}

function answerError(error: Error, reply: FastifyReply, log: Logger): void {
  const row = cashuErrorRow(error);
  if (row) {
    if (row.status === 503) reply.header('retry-after', RETRY_SECONDS);
    reply.code(row.status).send({ detail: error.message, code: row.number });
    return;
  }
  log.error({ err: error }, 'a request failed');
  const { number, text, status } = cashuErrors['mint-failed'];
  reply.header('retry-after', RETRY_SECONDS);
  reply.code(status).send({ detail: `${text}: its log says why; try again later`, code: number });
}
