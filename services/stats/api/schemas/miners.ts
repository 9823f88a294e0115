import { type Static, Type } from 'typebox';
import { asOf, count, flag, hashrate, list, nullable, object, rate, sum, text, time } from './fields.ts';

/** A miner is a name under which shares come; it stays when it disconnects. */
const properties = {
  id: count('for /api/miners/:id; stays'),
  name: text(
    'what the miner calls itself, shortened where the config redacts names; plain text, never markup',
  ),
  redacted: flag('whether name is shortened'),
  state: Type.Enum(['ok', 'low', 'offline'], {
    description:
      'offline: no connection; low: the last 10 minutes below 70 % of the mean of its own last day; else ok',
  }),
  state_since: time('since when'),
  workers: count('open connections or channels'),
  software: text('what the miner says that it runs; empty where it says nothing'),
  address: nullable(text('where it connects from; null where redacted or offline')),
  difficulty_bits: nullable(count('its shares prove 2 to this power of hashes; null while offline')),
  first_seen: time('first connection'),
  last_seen: time('last sign of life'),
  last_share_at: nullable(time('last accepted share')),
  hashrate,
  hashrate_10m: hashrate,
  day_mean_hs: nullable(rate('mean of its last 24 hours, over the hours that it mined in')),
  accepted: count('shares accepted within hours'),
  rejected: count('shares rejected within hours'),
  best_work: nullable(sum('hashes that its luckiest share stands for, ever')),
};

export const minerSchema = object(properties);

/** `GET /api/miners` */
export const minersSchema = object({
  as_of: asOf,
  hours: count('as asked: the window of hashrate, accepted, rejected'),
  page: count('as asked'),
  limit: count('as asked'),
  total: count('miners on all pages'),
  miners: list(minerSchema, 'this page'),
});

/** `GET /api/miners/:id` */
export const minerDetailSchema = object({
  as_of: asOf,
  hours: count('as asked'),
  miner: minerSchema,
  hashrates: list(hashrate, 'over 10 minutes, 1 hour, 24 hours'),
  rejects: list(
    object({
      reason: text('the code'),
      words: text('what it means and what to do'),
      count: count('within hours'),
      last_at: nullable(time('the last one')),
    }),
    'why its shares were rejected',
  ),
});

export type Miner = Static<typeof minerSchema>;
export type Miners = Static<typeof minersSchema>;
export type MinerDetail = Static<typeof minerDetailSchema>;
