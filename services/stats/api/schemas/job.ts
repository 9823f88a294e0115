import type { Static } from 'typebox';
import { asOf, count, hash, list, nullable, object, rate, sum, text, time } from './fields.ts';

const job = object({
  template_id: sum('number at the template provider'),
  received_at: time('when it came'),
  height: count('of the block that it would be'),
  prev_hash: hash('the block that it builds on'),
  tip_since: time('when that block became the tip here'),
  version: text('8 hex digits'),
  nbits: text('8 hex digits'),
  difficulty: rate('of the network, 1 = 2^32 hashes'),
  value_sat: sum('what its coinbase may pay: subsidy and fees'),
  subsidy_sat: sum('of this, the subsidy'),
  fees_sat: sum('of this, the fees'),
  merkle_depth: count('hashes on the path of the coinbase'),
  jobs_sent_ms: nullable(rate('from the template to the last miner')),
});

/** `GET /api/job` */
export const jobSchema = object({
  as_of: asOf,
  job: nullable(job),
  previous: list(
    object({
      template_id: sum('number'),
      height: count('height'),
      received_at: time('when'),
      value_sat: sum('pays'),
    }),
    'the templates before it, the newest first',
  ),
});

export type Job = Static<typeof job>;
export type JobAnswer = Static<typeof jobSchema>;
