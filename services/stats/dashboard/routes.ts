import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type DashboardFile, type DashboardSide, readDashboard } from './files.ts';
import { dashboardPage } from './page.ts';

const A_YEAR_SECONDS = 31_536_000;

export interface DashboardAnswer {
  /** Answers a browser that wants the page. */
  sendPage(request: FastifyRequest, reply: FastifyReply): FastifyReply;
  /** Whether a request is one of a browser for a page, and not of a program. */
  isWanted(request: FastifyRequest): boolean;
}

/**
 * Adds the files of a side's dashboard to its HTTP server. The page itself shares `/` with what programs get there, so
 * that route is the caller's, which asks `isWanted`.
 * @throws HashpoolError 'bad-dashboard'
 */
export function addDashboard(http: FastifyInstance, side: DashboardSide): DashboardAnswer {
  const dashboard = readDashboard(side);
  const page = dashboardPage(side, dashboard);
  const etag = `"${dashboard.digest}"`;

  http.get<{ Params: { digest: string; '*': string } }>(
    '/assets/:digest/*',
    { schema: { hide: true } },
    (request, reply) => {
      const file = dashboard.files.get(request.params['*']);
      if (request.params.digest !== dashboard.digest || file === undefined) {
        return reply.code(404).type('text/plain; charset=utf-8').send('no such file: load the page again\n');
      }
      // Its address changes with its content.
      reply.header('cache-control', `public, max-age=${A_YEAR_SECONDS}, immutable`);
      return send(request, reply, file);
    },
  );

  return {
    isWanted: ({ headers }) => headers.accept?.includes('text/html') === true,
    sendPage: (request, reply) => {
      reply.headers({
        'cache-control': 'no-cache',
        'content-security-policy': page.contentSecurityPolicy,
        'cross-origin-opener-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        etag,
        vary: 'accept',
      });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type('text/html; charset=utf-8').send(page.html);
    },
  };
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, body, gzip }: DashboardFile,
): FastifyReply {
  reply.headers({ 'x-content-type-options': 'nosniff', vary: 'accept-encoding' }).type(type);
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  return takesGzip ? reply.header('content-encoding', 'gzip').send(gzip) : reply.send(body);
}
