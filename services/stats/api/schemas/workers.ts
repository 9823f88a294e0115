import { type Static, Type } from 'typebox';
import { asOf, count, list, nullable, object, sum, text, time } from './fields.ts';

/** A worker is what is connected now: a channel at the pool, a Stratum V1 connection at the proxy. */
export const workerSchema = object({
  miner_id: nullable(count('its miner, for /api/miners/:id; null until it has a name')),
  name: text('its name, redacted as its miner'),
  kind: Type.Enum(['extended', 'standard', 'sv1']),
  connection: count('number of its connection'),
  channel: count('number of its channel on it; 0 for sv1'),
  address: nullable(text('where it connects from; null where redacted')),
  software: text('what it says that it runs'),
  connected_at: time('since when'),
  difficulty_bits: count('its shares prove 2 to this power of hashes'),
  accepted: count('shares since it connected'),
  rejected: count('shares since it connected'),
  work: sum('hashes that the accepted ones prove'),
  last_share_at: nullable(time('last accepted share')),
});

/** `GET /api/workers` */
export const workersSchema = object({
  as_of: asOf,
  page: count('as asked'),
  limit: count('as asked'),
  total: count('workers on all pages'),
  workers: list(workerSchema, 'this page, the newest first'),
});

export type Worker = Static<typeof workerSchema>;
export type Workers = Static<typeof workersSchema>;
