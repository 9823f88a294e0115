import { type Static, Type } from 'typebox';
import { asOf, count, list, nullable, object, text, time } from './fields.ts';

export const eventSchema = object({
  id: count('grows with time'),
  at: time('when'),
  kind: text('as "miner-connected", "block-found", "service-failing": stable, for programs'),
  severity: Type.Enum(['info', 'warning', 'critical']),
  subject: text('what it is about: a role, a miner, a block'),
  miner_id: nullable(count('where it is about a miner')),
  text: text('in words; plain text, never markup'),
});

/** `GET /api/events` */
export const eventsSchema = object({
  as_of: asOf,
  page: count('as asked'),
  limit: count('as asked'),
  total: count('events that are kept'),
  events: list(eventSchema, 'this page, the newest first'),
});

export type StatsEvent = Static<typeof eventSchema>;
export type Events = Static<typeof eventsSchema>;
