import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { Counts } from './counts.ts';
import type { Limits, RequestClass } from './limits.ts';

/** Routes that are more than reads, as they are declared. */
const classes: Readonly<Record<string, RequestClass>> = {
  'POST /v1/swap': 'writes',
  'POST /v1/mint/:method': 'writes',
  'POST /v1/mint/:method/batch': 'writes',
  'POST /v1/melt/:method': 'writes',
  'POST /v1/mint/quote/:method': 'quotes',
  'POST /v1/melt/quote/:method': 'quotes',
  'POST /v1/mint/quote/:method/pubkey': 'lookups',
};

/** Connections of one client; browsers open six. */
const MAX_CONNECTIONS = 100;

/** The lists that requests are made of. */
const lists = ['inputs', 'outputs', 'quotes', 'Ys', 'pubkeys'];

/**
 * Answers 429 to who asks too much: a request's own price is taken before its body is read, that of what is in the
 * body once it is known to be well-formed, and before curve or store see any of it.
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
  http.addHook('preHandler', async (request, reply) => {
    refuse(reply, limits.items(limits.clientOf(request.raw), classOf(request), itemsIn(request.body)));
  });
}

function classOf({ method, routeOptions: { url } }: FastifyRequest): RequestClass {
  return classes[`${method} ${url}`] ?? 'reads';
}

function itemsIn(body: unknown): number {
  if (typeof body !== 'object' || body === null) return 0;
  return Object.entries(body).reduce(
    (sum, [name, value]) => sum + (lists.includes(name) && Array.isArray(value) ? value.length : 0),
    0,
  );
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
