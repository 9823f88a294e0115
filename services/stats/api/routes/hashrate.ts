import type { FastifyInstance } from 'fastify';
import { HashpoolError } from '../../../../protocols/errors.ts';
import type { ApiContext } from '../context.ts';
import { type HashrateChart, hashrateSchema } from '../schemas/hashrate.ts';
import { type HashrateQuery, hashrateQuery } from '../schemas/queries.ts';
import { chartPlan, chartPoints, chartRows, rateOfRows } from '../windows.ts';

/** Marks on one chart. */
const MOST_BLOCKS = 1000;

/** The chart of hashrates, of the side or of one miner. */
export function hashrateRoute(http: FastifyInstance, context: ApiContext): void {
  http.get<{ Querystring: HashrateQuery }>(
    '/api/hashrate',
    {
      schema: {
        querystring: hashrateQuery,
        response: { 200: hashrateSchema },
        summary: 'A chart of hashrates, of the side or of one miner',
      },
    },
    ({ query: { hours, miner } }) => readChart(context, hours, miner),
  );
}

async function readChart(context: ApiContext, hours: number, minerId?: number): Promise<HashrateChart> {
  const { store, miners, clock } = context;
  if (minerId !== undefined && !miners.byId(minerId)) {
    throw new HashpoolError('not-found', `there is no miner ${minerId}; /api/miners lists them`);
  }
  const now = clock();
  const plan = chartPlan(hours, minerId !== undefined);
  const window = chartRows(plan, hours, now);
  const from = window.to - hours * 3600;
  const rows =
    minerId === undefined
      ? await store.call('side', window)
      : await store.call('miner', { ...window, minerId });
  const blocks =
    minerId === undefined ? await store.call('blocksSince', { from: from * 1000, limit: MOST_BLOCKS }) : [];
  const within = rows.filter(({ at }) => at >= from);
  return {
    as_of: now,
    hours,
    from: from * 1000,
    to: window.to * 1000,
    step_seconds: plan.step,
    window_seconds: plan.window,
    total: rateOfRows(within, hours * 3600),
    points: chartPoints(rows, plan, window),
    blocks: blocks.map(({ found_at, height, hash }) => ({ at: found_at, height: height ?? 0, hash })),
  };
}
