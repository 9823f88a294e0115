import type { FastifyInstance } from 'fastify';
import type { LiveWorker } from '../../live/workers.ts';
import type { ApiContext } from '../context.ts';
import { type PageQuery, pageQuery } from '../schemas/queries.ts';
import { type Worker, workersSchema } from '../schemas/workers.ts';
import { pageOf } from './page.ts';

/** What is connected now. */
export function workersRoute(http: FastifyInstance, context: ApiContext): void {
  http.get<{ Querystring: PageQuery }>(
    '/api/workers',
    {
      schema: {
        querystring: pageQuery,
        response: { 200: workersSchema },
        summary: 'What is connected now: channels, or Stratum V1 connections',
      },
    },
    ({ query: { page, limit } }) => {
      const { all } = context.board.crowd.workers;
      const workers = pageOf(all, page, limit).map((worker) => view(context, worker));
      return { as_of: context.clock(), page, limit, total: all.length, workers };
    },
  );
}

function view({ names }: ApiContext, worker: LiveWorker): Worker {
  const [miner] = [...worker.miners.values()].toReversed();
  return {
    miner_id: miner?.id ?? null,
    name: names.text(worker.name),
    kind: worker.kind,
    connection: worker.connection,
    channel: worker.channel,
    address: names.address(worker.address),
    software: worker.software,
    connected_at: worker.connectedAt,
    difficulty_bits: worker.difficulty,
    accepted: worker.accepted,
    rejected: worker.rejected,
    work: String(worker.work),
    last_share_at: worker.lastShareAt ?? null,
  };
}
