import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { noQuery } from '../schemas/queries.ts';
import type { Stats } from '../schemas/stats.ts';
import { statsSchema } from '../schemas/stats.ts';
import { rateOfRows } from '../windows.ts';

/** Windows of the headline's rates, in seconds, with the rows that they are summed from. */
const WINDOWS = [
  { seconds: 60, base: 10 },
  { seconds: 600, base: 10 },
  { seconds: 3600, base: 60 },
  { seconds: 86_400, base: 60 },
] as const;
const HOUR_WINDOW = 2;

/** All of a side at a glance. */
export function statsRoute(http: FastifyInstance, context: ApiContext): void {
  http.get(
    '/api/stats',
    {
      schema: {
        querystring: noQuery,
        response: { 200: statsSchema },
        summary: 'All of the side at a glance',
      },
    },
    () => readStats(context),
  );
}

export async function readStats(context: ApiContext): Promise<Stats> {
  const { side, network, store, board, miners, recorder, health, clock, recordingSince } = context;
  const now = clock();
  const rows = await Promise.all(
    WINDOWS.map(({ seconds, base }) => {
      const to = Math.floor(now / 1000 / base) * base;
      return store.call('side', { step: base, from: to - seconds, to });
    }),
  );
  const hashrates = WINDOWS.map(({ seconds }, i) => rateOfRows(rows[i] ?? [], seconds));
  const counts = await store.call('blockCounts', null);
  const hour = hashrates[HOUR_WINDOW]?.hs;
  const { hashesToBlock, tip } = board.news.chain;
  const states = countStates(miners.all, now);
  const sender = board.reports.of(side === 'pool' ? 'pool' : 'translator')?.health;
  const { totals } = recorder;
  const blocks = (state: string) => counts.find((each) => each.state === state)?.n ?? 0;
  const last = counts.toSorted((a, b) => b.lastAt - a.lastAt)[0];
  return {
    as_of: now,
    side,
    network,
    verdict: {
      ok: health.now.ok,
      problems: health.now.dependencies
        .filter(({ state }) => state === 'failing')
        .map(({ name, title, why }) => ({ name, text: `${title}: ${why}` })),
    },
    hashrates,
    expected_seconds_to_block: hour && hashesToBlock ? hashesToBlock / hour : null,
    shares: {
      accepted: String(totals.accepted),
      rejected: String(totals.rejected),
      work: String(totals.work),
      last_at: board.lastShareAt ?? null,
    },
    quotes: {
      created: String(totals.created),
      ehash: String(totals.ehash),
      acknowledged: String(totals.acknowledged),
      refused: String(totals.refused),
    },
    ledger: board.news.ledger,
    miners: states,
    workers: board.crowd.workers.size,
    connections: board.crowd.connections,
    outbox: sender
      ? { depth: String(sender.outbox_depth), oldest_ms: Number(sender.oldest_unsent_ms) }
      : null,
    blocks: {
      found: counts.reduce((sum, { n }) => sum + n, 0),
      confirmed: blocks('confirmed'),
      orphaned: blocks('orphaned'),
      last_height: last?.height ?? null,
      last_at: last?.lastAt ?? null,
    },
    chain: tip ? { height: tip.height, since: tip.since } : null,
    lost_events: { count: String(totals.lost), last_at: context.lostAt() ?? null },
    recording_since: recordingSince,
  };
}

function countStates(all: ApiContext['miners']['all'], now: number): Stats['miners'] {
  const counts = { ok: 0, low: 0, offline: 0 };
  for (const miner of all) {
    if (miner.lastShareAt !== undefined && isOfToday(miner, now)) counts[miner.state]++;
  }
  return counts;
}

const DAY_MS = 86_400_000;

/** Whether a miner is one that is missed where it is not there. */
export function isOfToday(
  { workers, lastSeen }: { workers: number; lastSeen: number },
  now: number,
): boolean {
  return workers > 0 || now - lastSeen < DAY_MS;
}
