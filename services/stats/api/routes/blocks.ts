import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { type Blocks, blocksSchema } from '../schemas/blocks.ts';
import { type PageQuery, pageQuery } from '../schemas/queries.ts';

/** The pool's blocks. */
export function blocksRoute(http: FastifyInstance, context: ApiContext): void {
  http.get<{ Querystring: PageQuery }>(
    '/api/blocks',
    { schema: { querystring: pageQuery, response: { 200: blocksSchema }, summary: "The pool's blocks" } },
    ({ query: { page, limit } }) => readBlocks(context, page, limit),
  );
}

async function readBlocks(context: ApiContext, page: number, limit: number): Promise<Blocks> {
  const { store, miners, names, clock } = context;
  const [rows, counts] = await Promise.all([
    store.call('blocks', { limit, offset: (page - 1) * limit }),
    store.call('blockCounts', null),
  ]);
  const nameOf = (id: number | null) => {
    const miner = id === null ? undefined : miners.byId(id);
    return miner ? names.name(miner) : '';
  };
  const total = counts.reduce((sum, { n }) => sum + n, 0);
  return {
    as_of: clock(),
    page,
    limit,
    total,
    blocks: rows.map((row) => ({ ...row, miner: nameOf(row.miner_id) })),
  };
}
