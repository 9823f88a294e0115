import type { JobRecord } from './job-record.ts';

/** Jobs that are known by their number; of more, the oldest is forgotten. */
const MAX_RECORDS = 64;

/** The jobs at one pool, the oldest first. */
export class JobRecords {
  readonly #records = new Map<number, JobRecord>();

  /** Whether shares wait for any of them. */
  get areWaitedFor(): boolean {
    return [...this.#records.values()].some(({ waiting }) => waiting > 0);
  }

  add(record: JobRecord): void {
    this.#records.set(record.job.number, record);
    const [oldest] = this.#records.values();
    if (this.#records.size <= MAX_RECORDS || !oldest) return;
    oldest.refuse('stale-share');
    this.#records.delete(oldest.job.number);
  }

  of(number: number): JobRecord | undefined {
    return this.#records.get(number);
  }

  /** The job whose last declaration has that request id. */
  declaredBy(requestId: number): JobRecord | undefined {
    return [...this.#records.values()].find(({ declaredBy }) => declaredBy === requestId);
  }
}
