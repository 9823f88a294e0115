import { equalBytes, utf8 } from '../../../protocols/bytes.ts';
import { type NotifyFields, notifyLineOf, notifyWork } from '../../../protocols/sv1/messages.ts';
import type { ActiveJob } from '../../../services/mining-client/active-job.ts';

let issued = 0;

/**
 * What all miners of a job are told alike: its id and, but for the time and whether it ends the jobs before it, the whole
 * line. Ids are our own and never come again: a pool's ids may, after its channel was opened anew.
 */
export class NotifyWork {
  readonly id = (++issued).toString(16);
  readonly #job: ActiveJob;
  readonly #text: string;
  /** What was told last, clean or not: of ten thousand miners all are told the same. */
  readonly #lines = new Map<boolean, { readonly ntime: number; readonly line: Uint8Array }>();

  constructor(job: ActiveJob) {
    this.#job = job;
    this.#text = notifyWork(job);
  }

  /** The line under the job's own id. */
  line(ntime: number, cleanJobs: boolean): Uint8Array {
    const known = this.#lines.get(cleanJobs);
    if (known?.ntime === ntime) return known.line;
    const line = utf8(this.lineAs({ jobId: this.id, ntime, cleanJobs }));
    this.#lines.set(cleanJobs, { ntime, line });
    return line;
  }

  /** The line under an id that one miner alone is told. */
  lineAs(fields: Pick<NotifyFields, 'jobId' | 'ntime' | 'cleanJobs'>): string {
    return notifyLineOf(this.#text, fields);
  }

  /** The pool's id tells jobs apart; and it could give the channels of a group different prev hashes for one. */
  isOf(job: ActiveJob): boolean {
    const a = this.#job;
    if (a.jobId !== job.jobId) return false;
    const isSameJob =
      a.coinbaseSuffix === job.coinbaseSuffix && a.merklePath === job.merklePath && a.version === job.version;
    return isSameJob && a.nbits === job.nbits && equalBytes(a.prevHashLe, job.prevHashLe);
  }
}

/** By a job's coinbase, of which the channels of a group have one copy together. */
const works = new WeakMap<Uint8Array, NotifyWork>();

/** Made once for all miners of a job. */
export function workOf(job: ActiveJob): NotifyWork {
  const known = works.get(job.coinbasePrefix);
  if (known?.isOf(job)) return known;
  const work = new NotifyWork(job);
  works.set(job.coinbasePrefix, work);
  return work;
}
