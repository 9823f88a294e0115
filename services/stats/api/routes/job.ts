import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { type JobAnswer, jobSchema } from '../schemas/job.ts';
import { noQuery } from '../schemas/queries.ts';

/** The work that is being mined. */
export function jobRoute(http: FastifyInstance, context: ApiContext): void {
  http.get(
    '/api/job',
    {
      schema: { querystring: noQuery, response: { 200: jobSchema }, summary: 'The work that is being mined' },
    },
    () => readJob(context),
  );
}

export function readJob({ board, clock }: ApiContext): JobAnswer {
  return { as_of: clock(), job: board.news.chain.job ?? null, previous: board.news.chain.previous };
}
