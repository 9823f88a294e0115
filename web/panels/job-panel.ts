import { h, type JSX } from 'preact';
import type { Job, JobAnswer } from '../../services/stats/api/schemas/job.ts';
import { partOf, type Reading } from '../data/reading.ts';
import { grouped } from '../format/amount.ts';
import { bitcoin } from '../format/bitcoin.ts';
import { difficulty } from '../format/quantity.ts';
import { Ago } from '../parts/as-of.ts';
import { Card } from '../parts/card.ts';
import { Shortened } from '../parts/copy.ts';
import { Empty, Skeleton } from '../parts/empty.ts';
import { Facts } from '../parts/facts.ts';
import { Term } from '../parts/term.ts';

/** What all miners work on. */
export function JobPanel({ job: reading }: { readonly job: Reading<JobAnswer> }): JSX.Element {
  const job = partOf(reading, (answer) => answer.job).data;
  return h(
    Card,
    { title: h(Term, { of: 'job' }), size: 'third', reading },
    reading.data === undefined
      ? h(Skeleton, { lines: 6 })
      : job == null
        ? h(
            Empty,
            { icon: 'clock', title: 'No work yet' },
            'It comes from the template provider. ',
            h('a', { href: '#/health' }, 'See what keeps it'),
            '.',
          )
        : h(JobFacts, { job }),
  );
}

function JobFacts({ job }: { readonly job: Job }): JSX.Element {
  if (job === null) return h('p', null);
  return h(Facts, {
    facts: [
      ['Height', grouped(job.height)],
      ['Work from', h(Ago, { at: job.received_at })],
      ['Builds on', h(Shortened, { text: job.prev_hash, label: 'the hash of the block before' })],
      ['That block came', h(Ago, { at: job.tip_since })],
      [h(Term, { of: 'coinbase' }), bitcoin(job.value_sat)],
      ['of this, fees', bitcoin(job.fees_sat)],
      [h(Term, { of: 'difficulty' }), difficulty(job.difficulty)],
      [
        h(Term, { of: 'fanOut' }),
        job.jobs_sent_ms === null ? '–' : `${grouped(Math.round(job.jobs_sent_ms))} ms`,
      ],
      ['Version, bits', h('code', null, `${job.version}, ${job.nbits}`)],
    ],
  });
}
