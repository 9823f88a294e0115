import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { healthSchema } from '../schemas/health.ts';

const UNAVAILABLE = 503;

/** `/health` for programs, `/livez` for the process alone. */
export function healthRoutes(http: FastifyInstance, { health }: ApiContext): void {
  http.get(
    '/health',
    {
      schema: {
        response: { 200: healthSchema, 503: healthSchema },
        summary: '200 where all that matters works, else 503; what works and what does not',
      },
    },
    (_request, reply) =>
      reply
        .code(health.now.ok ? 200 : UNAVAILABLE)
        .header('cache-control', 'no-store')
        .send(health.now),
  );
  http.get('/livez', { schema: { summary: '200 while the process answers' } }, (_request, reply) =>
    reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send('OK\n'),
  );
}

/** What `/` says to a program: `OK`, or the faults in words, with the status of `/health`. */
export function verdictText({ health }: Pick<ApiContext, 'health'>): { status: number; text: string } {
  const { ok, verdict } = health.now;
  return { status: ok ? 200 : UNAVAILABLE, text: `${verdict}\n` };
}
