import { type NotifyFields, notifyLineOf, notifyWork } from '../../../protocols/sv1/messages.ts';
import type { Work } from '../../../services/mining-client/active-job.ts';
import { jobIdOf } from './job-table.ts';

let issued = 0;

interface TimedLine {
  readonly ntime: number;
  readonly bytes: Uint8Array;
}

/**
 * What all miners of a job are told alike: its id and, but for the time and whether it ends the jobs before it, the whole
 * line. Ids are our own and never come again: a pool's ids may, after its channel was opened anew.
 */
export class NotifyWork {
  /** Later jobs have higher ones. */
  readonly number = ++issued;
  readonly id = jobIdOf(this.number);
  /** When it was told first, in milliseconds. */
  readonly cameAt: number;
  readonly #text: string;
  /** What was told last, of either kind: of ten thousand miners all are told the same. */
  #clean: TimedLine | undefined;
  #unclean: TimedLine | undefined;

  constructor(work: Work, now: number) {
    this.#text = notifyWork(work);
    this.cameAt = now;
  }

  /** The line under the job's own id. */
  line(ntime: number, cleanJobs: boolean): Uint8Array {
    const known = cleanJobs ? this.#clean : this.#unclean;
    if (known?.ntime === ntime) return known.bytes;
    const bytes = Buffer.from(this.lineAs({ jobId: this.id, ntime, cleanJobs }));
    if (cleanJobs) this.#clean = { ntime, bytes };
    else this.#unclean = { ntime, bytes };
    return bytes;
  }

  /** The line under an id that one miner alone is told. */
  lineAs(fields: Pick<NotifyFields, 'jobId' | 'ntime' | 'cleanJobs'>): string {
    return notifyLineOf(this.#text, fields);
  }
}

const lines = new WeakMap<Work, NotifyWork>();

/** Made once for all miners of a job. @param now milliseconds; only differences count */
export function linesOf(work: Work, now: number): NotifyWork {
  const known = lines.get(work);
  if (known !== undefined) return known;
  const made = new NotifyWork(work, now);
  lines.set(work, made);
  return made;
}
