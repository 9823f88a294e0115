import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { noQuery } from '../schemas/queries.ts';
import { type Upstreams, upstreamsSchema } from '../schemas/upstreams.ts';

/** Which pools the translator knows, and which it mines for. */
export function upstreamsRoute(http: FastifyInstance, { board, clock }: ApiContext): void {
  http.get(
    '/api/upstreams',
    {
      schema: {
        querystring: noQuery,
        response: { 200: upstreamsSchema },
        summary: 'Pools that the translator mines for, or would, with their last failure',
      },
    },
    (): Upstreams => ({ as_of: clock(), upstreams: board.news.upstreams }),
  );
}
