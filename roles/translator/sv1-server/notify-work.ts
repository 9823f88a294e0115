import { type NotifyFields, notifyLineOf, notifyWork } from '../../../protocols/sv1/messages.ts';
import type { Work } from '../../../services/mining-client/active-job.ts';

let issued = 0;

/**
 * What all miners of a job are told alike: its id and, but for the time and whether it ends the jobs before it, the whole
 * line. Ids are our own and never come again: a pool's ids may, after its channel was opened anew.
 */
export class NotifyWork {
  readonly id = (++issued).toString(16);
  readonly #text: string;
  /** What was told last, clean or not: of ten thousand miners all are told the same. */
  readonly #lines = new Map<boolean, { readonly ntime: number; readonly line: Uint8Array }>();

  constructor(work: Work) {
    this.#text = notifyWork(work);
  }

  /** The line under the job's own id. */
  line(ntime: number, cleanJobs: boolean): Uint8Array {
    const known = this.#lines.get(cleanJobs);
    if (known?.ntime === ntime) return known.line;
    const line = Buffer.from(this.lineAs({ jobId: this.id, ntime, cleanJobs }));
    this.#lines.set(cleanJobs, { ntime, line });
    return line;
  }

  /** The line under an id that one miner alone is told. */
  lineAs(fields: Pick<NotifyFields, 'jobId' | 'ntime' | 'cleanJobs'>): string {
    return notifyLineOf(this.#text, fields);
  }
}

const lines = new WeakMap<Work, NotifyWork>();

/** Made once for all miners of a job. */
export function linesOf(work: Work): NotifyWork {
  const known = lines.get(work);
  if (known !== undefined) return known;
  const made = new NotifyWork(work);
  lines.set(work, made);
  return made;
}
