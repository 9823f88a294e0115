import type { FastifyInstance } from 'fastify';
import type { QuoteSample } from '../../store/batch.ts';
import type { ApiContext } from '../context.ts';
import { type WindowQuery, windowQuery } from '../schemas/queries.ts';
import { type Quotes, quotesSchema } from '../schemas/quotes.ts';

const HOUR = 3600;
const STEPS = [
  { hours: 1, seconds: 10 },
  { hours: 168, seconds: 60 },
] as const;

/** Shares that became quotes at the mint. */
export function quotesRoute(http: FastifyInstance, context: ApiContext): void {
  http.get<{ Querystring: WindowQuery }>(
    '/api/quotes',
    {
      schema: {
        querystring: windowQuery,
        response: { 200: quotesSchema },
        summary: 'Shares that became quotes at the mint',
      },
    },
    ({ query: { hours } }) => readQuotes(context, hours),
  );
}

async function readQuotes({ store, clock }: ApiContext, hours: number): Promise<Quotes> {
  const now = clock();
  const step = STEPS.find((each) => hours <= each.hours)?.seconds ?? HOUR;
  const to = Math.floor(now / 1000) + 1;
  const rows = await store.call('quotes', { step, from: to - hours * HOUR, to });
  return {
    as_of: now,
    hours,
    step_seconds: step,
    total: figures(rows),
    points: rows.map((row) => ({ at: (row.at + step) * 1000, ...figures([row]) })),
  };
}

function figures(rows: readonly QuoteSample[]): Quotes['total'] {
  const sum = (value: (row: QuoteSample) => number) => rows.reduce((total, row) => total + value(row), 0);
  const acknowledged = sum((row) => row.acknowledged);
  return {
    created: sum((row) => row.created),
    ehash: String(rows.reduce((total, row) => total + row.ehash, 0n)),
    acknowledged,
    refused: sum((row) => row.refused),
    mean_delay_ms: acknowledged === 0 ? null : sum((row) => row.delaysMs) / acknowledged,
  };
}
