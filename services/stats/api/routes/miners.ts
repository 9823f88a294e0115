import type { FastifyInstance } from 'fastify';
import { HashpoolError } from '../../../../protocols/errors.ts';
import type { KnownMiner } from '../../live/known-miners.ts';
import type { ApiContext } from '../context.ts';
import { wordsOf } from '../reject-words.ts';
import { type MinerDetail, type Miners, minerDetailSchema, minersSchema } from '../schemas/miners.ts';
import {
  type MinersQuery,
  minerParams,
  minersQuery,
  type WindowQuery,
  windowQuery,
} from '../schemas/queries.ts';
import { rateOfRows } from '../windows.ts';
import { type MinerWindows, minerView } from './miner-views.ts';
import { pageOf } from './page.ts';
import { isOfToday } from './stats.ts';

const HOUR = 3600;

/** The miners, and one of them. */
export function minersRoutes(http: FastifyInstance, context: ApiContext, windows: MinerWindows): void {
  http.get<{ Querystring: MinersQuery }>(
    '/api/miners',
    { schema: { querystring: minersQuery, response: { 200: minersSchema }, summary: 'The miners, by name' } },
    ({ query }) => readMiners(context, windows, query),
  );
  http.get<{ Params: { id: number }; Querystring: WindowQuery }>(
    '/api/miners/:id',
    {
      schema: {
        params: minerParams,
        querystring: windowQuery,
        response: { 200: minerDetailSchema },
        summary: 'One miner',
      },
    },
    ({ params: { id }, query: { hours } }) => readMiner(context, windows, id, hours),
  );
}

async function readMiners(context: ApiContext, windows: MinerWindows, query: MinersQuery): Promise<Miners> {
  const { hours, page, limit, state, search, sort } = query;
  const { miners, clock, names } = context;
  const now = clock();
  const sums = await windows.sums(hours);
  // Who never sent a share is a worker, if anything.
  const isAsked = (miner: KnownMiner) =>
    miner.lastShareAt !== undefined &&
    (isOfToday(miner, now) || sums.has(miner.id)) &&
    (state === undefined || miner.state === state) &&
    (search === undefined || names.name(miner).toLowerCase().includes(search.toLowerCase()));
  const orders: Record<MinersQuery['sort'], (a: KnownMiner, b: KnownMiner) => number> = {
    hashrate: (a, b) => compare(sums.get(b.id)?.work ?? 0n, sums.get(a.id)?.work ?? 0n) || a.id - b.id,
    name: (a, b) => compare(names.name(a), names.name(b)) || a.id - b.id,
    last_share: (a, b) => (b.lastShareAt ?? 0) - (a.lastShareAt ?? 0) || a.id - b.id,
  };
  const found = [...miners.all].filter(isAsked).toSorted(orders[sort]);
  const shown = pageOf(found, page, limit).map((miner) =>
    minerView(context, miner, sums.get(miner.id), hours),
  );
  return { as_of: now, hours, page, limit, total: found.length, miners: shown };
}

async function readMiner(
  context: ApiContext,
  windows: MinerWindows,
  id: number,
  hours: number,
): Promise<MinerDetail> {
  const { miners, store, clock } = context;
  const miner = miners.byId(id);
  if (!miner) throw new HashpoolError('not-found', `there is no miner ${id}; /api/miners lists them`);
  const now = clock();
  const to = Math.floor(now / 1000);
  const [sums, rejects, day] = await Promise.all([
    windows.sums(hours),
    store.call('rejects', { step: HOUR, from: to - hours * HOUR, to: to + 1, minerId: id }),
    store.call('miner', { step: 60, from: floor(to - 24 * HOUR, 60), to: to + 1, minerId: id }),
  ]);
  const known = Math.max(1, (now - miner.firstSeen) / 1000);
  const rates = [600, HOUR, 24 * HOUR].map((seconds) => {
    const rate = rateOfRows(
      day.filter(({ at }) => at >= to - seconds),
      seconds,
    );
    const over = Math.min(seconds, known);
    return { ...rate, hs: Number(rate.work) / over, seconds: Math.round(over) };
  });
  return {
    as_of: now,
    hours,
    miner: minerView(context, miner, sums.get(id), hours),
    hashrates: rates,
    rejects: rejects.map(({ reason, count, lastAt }) => ({
      reason,
      words: wordsOf(reason).words,
      count,
      last_at: lastAt,
    })),
  };
}

function floor(at: number, step: number): number {
  return at - (at % step);
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
