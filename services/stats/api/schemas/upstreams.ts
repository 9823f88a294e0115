import { type Static, Type } from 'typebox';
import { asOf, flag, list, nullable, object, text, time } from './fields.ts';

/** `GET /api/upstreams` */
export const upstreamsSchema = object({
  as_of: asOf,
  upstreams: list(
    object({
      name: text('host and port'),
      in_use: flag('whether it is mined for'),
      state: Type.Enum(['ok', 'failing', 'unknown'], {
        description: 'unknown: another one serves, and this one is not tried',
      }),
      since: time('since when'),
      why: text('how it is, in words'),
      failed_at: nullable(time('when something went wrong last; null where nothing has')),
      failure: text('what it was'),
    }),
    "the pools of the translator's list, in its order; empty on the pool's side",
  ),
});

export type Upstreams = Static<typeof upstreamsSchema>;
