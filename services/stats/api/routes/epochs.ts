import type { FastifyInstance } from 'fastify';
import type { ToldEpoch } from '../../live/epoch-board.ts';
import type { ApiContext } from '../context.ts';
import { type Epoch, type Epochs, epochsSchema } from '../schemas/epochs.ts';
import { type PageQuery, pageQuery } from '../schemas/queries.ts';
import { pageOf } from './page.ts';

const BLOCK_MS = 600_000;

/** How the pool's epochs stand. */
export function epochsRoute(http: FastifyInstance, context: ApiContext): void {
  http.get<{ Querystring: PageQuery }>(
    '/api/epochs',
    {
      schema: {
        querystring: pageQuery,
        response: { 200: epochsSchema },
        summary: 'Epochs of the mint: what backs their ehash, what was issued and redeemed',
      },
    },
    ({ query: { page, limit } }) => readEpochs(context, page, limit),
  );
}

function readEpochs(context: ApiContext, page: number, limit: number): Epochs {
  const { epochs, chain } = context.board.news;
  const all = epochs.all;
  return {
    as_of: context.clock(),
    page,
    limit,
    total: all.length,
    tip: chain.tip?.height ?? null,
    sats: epochs.sats,
    reports: epochs.reports,
    epochs: pageOf(all, page, limit).map((epoch) => viewOf(context, epoch)),
  };
}

/** By how many blocks an epoch has not left its state in time. @param tip height of the chain */
export function overdueBlocks({ due_height: due }: Pick<Epoch, 'due_height'>, tip: number): number {
  return due === null ? 0 : Math.max(0, tip - due);
}

function viewOf({ network, board }: ApiContext, epoch: ToldEpoch): Epoch {
  const { tip } = board.news.chain;
  if (tip === undefined) return { ...epoch, due_at: null, overdue_blocks: 0 };
  const left = (epoch.due_height ?? 0) - tip.height;
  // Blocks come by hand on regtest.
  const isExpected = left > 0 && network !== 'regtest';
  return {
    ...epoch,
    due_at: isExpected ? tip.since + left * BLOCK_MS : null,
    overdue_blocks: overdueBlocks(epoch, tip.height),
  };
}
