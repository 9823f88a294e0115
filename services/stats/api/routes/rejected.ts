import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { wordsOf } from '../reject-words.ts';
import { type WindowQuery, windowQuery } from '../schemas/queries.ts';
import { type Rejected, rejectedSchema } from '../schemas/rejected.ts';

const HOUR = 3600;

/** Why shares are rejected. */
export function rejectedRoute(http: FastifyInstance, context: ApiContext): void {
  http.get<{ Querystring: WindowQuery }>(
    '/api/shares/rejected',
    {
      schema: {
        querystring: windowQuery,
        response: { 200: rejectedSchema },
        summary: 'Why shares are rejected',
      },
    },
    ({ query: { hours } }) => readRejected(context, hours),
  );
}

async function readRejected({ store, clock }: ApiContext, hours: number): Promise<Rejected> {
  const now = clock();
  const to = Math.floor(now / 1000) + 1;
  const step = hours <= 24 ? 60 : HOUR;
  const window = { step, from: to - hours * HOUR, to };
  const [reasons, rows] = await Promise.all([
    store.call('rejects', { ...window, minerId: 0 }),
    store.call('side', window),
  ]);
  const accepted = rows.reduce((sum, { shares }) => sum + shares, 0);
  const rejected = reasons.reduce((sum, { count }) => sum + count, 0);
  return {
    as_of: now,
    hours,
    accepted,
    rejected,
    reasons: reasons.map(({ reason, count, lastAt }) => ({
      reason,
      ...wordsOf(reason),
      count,
      part: count / (accepted + rejected),
      last_at: lastAt,
    })),
  };
}
