import type { Static } from 'typebox';
import { asOf, count, list, nullable, object, rate, text, time } from './fields.ts';

export const rejectReasonSchema = object({
  reason: text('the code'),
  words: text('what it means'),
  remedy: text('what the owner of the miner can do'),
  count: count('shares within hours'),
  part: rate('of all shares within hours, 0 to 1'),
  last_at: nullable(time('the last one')),
});

/** `GET /api/shares/rejected` */
export const rejectedSchema = object({
  as_of: asOf,
  hours: count('as asked'),
  accepted: count('shares within hours'),
  rejected: count('shares within hours'),
  reasons: list(rejectReasonSchema, 'the most frequent first'),
});

export type RejectReason = Static<typeof rejectReasonSchema>;
export type Rejected = Static<typeof rejectedSchema>;
