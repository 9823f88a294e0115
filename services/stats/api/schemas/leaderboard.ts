import type { Static } from 'typebox';
import { asOf, count, hashrate, list, nullable, object, sum, text } from './fields.ts';

export const leaderSchema = object({
  rank: count('from 1, by work'),
  miner_id: count('for /api/miners/:id'),
  name: text('redacted as in /api/miners'),
  hashrate,
  blocks: count('blocks that it found, ever'),
  best_work: nullable(sum('hashes that its luckiest share stands for, ever')),
});

/** `GET /api/leaderboard` */
export const leaderboardSchema = object({
  as_of: asOf,
  hours: count('as asked'),
  page: count('as asked'),
  limit: count('as asked'),
  total: count('miners with a share within hours'),
  leaders: list(leaderSchema, 'this page'),
});

export type Leader = Static<typeof leaderSchema>;
export type Leaderboard = Static<typeof leaderboardSchema>;
