import { type Static, Type } from 'typebox';
import { asOf, count, flag, list, nullable, object, rate, sum, text, time } from './fields.ts';
import { dependencySchema } from './health.ts';

/** What a role says of its own process. */
export const processSchema = object({
  role: text('pool, mint, template-provider, translator, pool-stats, proxy-stats'),
  connected: flag('whether it reports to this service now'),
  since: time('since when it reports, or is silent'),
  started_at: time('when the process began'),
  software: text('its version'),
  status: text('what it is doing, in its own words'),
  event_loop_delay_ms: rate('99th percentile of the last report'),
  cpu: nullable(rate('cores that it uses; null until two reports are there')),
  memory_bytes: count('resident'),
  heap_bytes: count("JavaScript's heap in use"),
  open_connections: count('sockets'),
  queue_depth: count('calls that wait for its stores'),
  outbox_depth: sum('shares that the mint has not acknowledged'),
  oldest_unsent_ms: count('age of the oldest of them'),
  lost_events: sum('events of it that no service was there to take'),
});

/** `GET /api/services` */
export const servicesSchema = object({
  as_of: asOf,
  ok: flag('all that matters works'),
  dependencies: list(dependencySchema, 'by live probes, as in /health'),
  processes: list(processSchema, 'by their own reports'),
  refused_clients: object({
    rubbish: count('stats clients closed for bytes that are no message'),
    flood: count('closed for too much at once'),
    unknown: count('closed for an unknown version or role'),
  }),
  storage: object({
    state: Type.Enum(['ok', 'paused'], { description: 'paused: nothing is written, see why' }),
    why: text('in words'),
    bytes: nullable(count('of the database; null on a server')),
    backend: Type.Enum(['sqlite', 'postgres']),
  }),
});

export type ServiceProcess = Static<typeof processSchema>;
export type Services = Static<typeof servicesSchema>;
