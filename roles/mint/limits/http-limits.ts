import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { Counts } from './counts.ts';
import type { Limits, RequestClass } from './limits.ts';

/** Routes that are more than reads, as they are declared. */
const classes: Readonly<Record<string, RequestClass>> = {
  'POST /v1/swap': 'writes',
  'POST /v1/redeem': 'writes',
  'POST /v1/redeem/quotes': 'writes',
  'POST /v1/ehash/auto-payout': 'writes',
  'GET /v1/ehash/auto-payout/:pubkey': 'lookups',
  'POST /v1/mint/:method': 'writes',
  'POST /v1/mint/:method/batch': 'writes',
  'POST /v1/melt/:method': 'writes',
  'POST /v1/mint/quote/:method': 'quotes',
  'POST /v1/melt/quote/:method': 'quotes',
  'POST /v1/mint/quote/:method/pubkey': 'lookups',
  // A path is made of 4,096 rows.
  'GET /v1/ehash/reports/:number/token': 'lookups',
  'GET /v1/ehash/reports/:number/share': 'lookups',
};

/** Connections of one client; browsers open six. */
const MAX_CONNECTIONS = 100;

/** A proof has amount, id, secret and C. */
const VALUES_OF_TOKEN = 4;
/** So many characters of a long text, as locks and witnesses are, count as one value more. */
const TEXT_OF_VALUE = 256;

/**
 * Answers 429 to who asks too much: a request's own price is taken before its body is read, that of what is in the
 * body before anything looks at it.
 */
export function addLimits(http: FastifyInstance, limits: Limits): void {
  const open = new Counts(MAX_CONNECTIONS);
  http.server.on('connection', (socket) => {
    const leave = open.enter(limits.connectionOf(socket));
    if (leave) socket.once('close', leave);
    else socket.destroy();
  });
  http.addHook('onRequest', async (request, reply) => {
    if (request.method === 'OPTIONS') return;
    refuse(reply, limits.request(limits.clientOf(request.raw), classOf(request)));
  });
  http.addHook('preValidation', async (request, reply) => {
    if (request.body === undefined) return;
    refuse(reply, limits.tokens(limits.clientOf(request.raw), classOf(request), tokensIn(request.body)));
  });
}

function classOf({ method, routeOptions: { url } }: FastifyRequest): RequestClass {
  return classes[`${method} ${url}`] ?? 'reads';
}

/** What a body holds, in tokens; whoever sends rubbish pays for it as for anything else. */
function tokensIn(body: unknown): number {
  return valuesIn(body) / VALUES_OF_TOKEN;
}

/** All numbers, texts and the like, however deep; the parser has bounded depth and number. */
function valuesIn(body: unknown): number {
  if (typeof body === 'string') return 1 + Math.floor(body.length / TEXT_OF_VALUE);
  if (typeof body !== 'object' || body === null) return 1;
  let count = 0;
  for (const value of Object.values(body)) count += valuesIn(value);
  return count;
}

function refuse(reply: FastifyReply, waitMs: number): void {
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1000);
  reply.header('retry-after', String(seconds));
  throw cashuError(
    'rate-limited',
    `come back in ${seconds} s; the operator's [limits] say how much is allowed`,
  );
}
