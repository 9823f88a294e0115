import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { type Declarations, declarationsSchema } from '../schemas/declarations.ts';
import { noQuery } from '../schemas/queries.ts';

/** What miners declare at the jd-server, and what the jd-client makes. */
export function declarationsRoute(http: FastifyInstance, { board, clock }: ApiContext): void {
  http.get(
    '/api/declarations',
    {
      schema: {
        querystring: noQuery,
        response: { 200: declarationsSchema },
        summary: 'Jobs of their own that miners have declared, and what became of them',
      },
    },
    (): Declarations => ({ as_of: clock(), sums: board.news.declarations, own: board.news.ownJobs }),
  );
}
