import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { type Leaderboard, leaderboardSchema } from '../schemas/leaderboard.ts';
import { type WindowPageQuery, windowPageQuery } from '../schemas/queries.ts';
import { hashrateOf } from '../windows.ts';
import type { MinerWindows } from './miner-views.ts';
import { pageOf } from './page.ts';

/** Miners by their work. */
export function leaderboardRoute(http: FastifyInstance, context: ApiContext, windows: MinerWindows): void {
  http.get<{ Querystring: WindowPageQuery }>(
    '/api/leaderboard',
    {
      schema: {
        querystring: windowPageQuery,
        response: { 200: leaderboardSchema },
        summary: 'Miners by their work',
      },
    },
    ({ query }) => readLeaders(context, windows, query),
  );
}

async function readLeaders(
  { miners, store, names, clock }: ApiContext,
  windows: MinerWindows,
  { hours, page, limit }: WindowPageQuery,
): Promise<Leaderboard> {
  const now = clock();
  const [sums, found] = await Promise.all([windows.sums(hours), store.call('blocksOfMiners', null)]);
  const blocks = new Map(found);
  const ranked = [...sums.values()]
    .filter(({ minerId, shares }) => shares > 0 && miners.byId(minerId))
    .toSorted((a, b) => (a.work > b.work ? -1 : a.work < b.work ? 1 : a.minerId - b.minerId));
  const leaders = pageOf(ranked, page, limit).flatMap((each, i) => {
    const miner = miners.byId(each.minerId);
    if (!miner) return [];
    const known = Math.min(hours * 3600, Math.max(1, (now - miner.firstSeen) / 1000));
    return {
      rank: (page - 1) * limit + i + 1,
      miner_id: miner.id,
      name: names.name(miner),
      hashrate: hashrateOf(each, known, hours * 3600),
      blocks: blocks.get(miner.id) ?? 0,
      best_work: miner.bestWork === undefined ? null : String(miner.bestWork),
    };
  });
  return { as_of: now, hours, page, limit, total: ranked.length, leaders };
}
