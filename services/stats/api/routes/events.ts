import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { type Events, eventsSchema, type StatsEvent } from '../schemas/events.ts';
import { type PageQuery, pageQuery } from '../schemas/queries.ts';

/** What happened. */
export function eventsRoute(http: FastifyInstance, context: ApiContext): void {
  http.get<{ Querystring: PageQuery }>(
    '/api/events',
    {
      schema: {
        querystring: pageQuery,
        response: { 200: eventsSchema },
        summary: 'What happened, the newest first',
      },
    },
    ({ query: { page, limit } }) => readEvents(context, page, limit),
  );
}

/** Those at hand, and for older ones the store. */
export async function readEvents(context: ApiContext, page: number, limit: number): Promise<Events> {
  const { events, store, clock } = context;
  const newest = events.newest;
  const stored = await store.call('eventCount', null);
  const isAtHand = page * limit <= newest.length || stored <= newest.length;
  const found = isAtHand
    ? newest.slice((page - 1) * limit, page * limit)
    : await store.call('events', { limit, offset: (page - 1) * limit });
  const total = Math.max(stored, newest.length);
  return { as_of: clock(), page, limit, total, events: found.map((event) => publicEvent(context, event)) };
}

/** An event as the public sees it: a miner's name may be none of its business. */
export function publicEvent({ names, miners }: ApiContext, event: StatsEvent): StatsEvent {
  const miner = event.miner_id === null ? undefined : miners.byId(event.miner_id);
  if (!miner || !names.redacted) return event;
  const shown = names.name(miner);
  const subject = event.subject === miner.name ? shown : event.subject;
  return { ...event, subject, text: event.text.replaceAll(miner.name, shown) };
}
