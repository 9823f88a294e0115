import type { Static } from 'typebox';
import { asOf, count, hash, hashrate, list, nullable, object, rate, time } from './fields.ts';

export const hashratePointSchema = object({
  at: time('end of the window that hs is over'),
  hs: nullable(rate('hashes a second; null where nothing is known: a gap, not a zero')),
  error: nullable(rate('relative standard error of hs')),
  shares: count('accepted in the window'),
  rejected: count('rejected in the window'),
});

/** `GET /api/hashrate` */
export const hashrateSchema = object({
  as_of: asOf,
  hours: count('as asked'),
  from: time('begin of the chart'),
  to: time('its end'),
  step_seconds: count('between two points'),
  window_seconds: count('each point is the mean of so many seconds before it'),
  total: hashrate,
  points: list(hashratePointSchema, 'oldest first'),
  blocks: list(
    object({ at: time('when it was found'), height: count('its height'), hash: hash('its hash') }),
    'blocks of the pool within the chart; none for a single miner',
  ),
});

export type HashratePoint = Static<typeof hashratePointSchema>;
export type HashrateChart = Static<typeof hashrateSchema>;
