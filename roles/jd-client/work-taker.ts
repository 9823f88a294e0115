import type { OwnJob } from '../../domain/job-declaration/own-job.ts';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import type { PushedBlock } from './blocks/kept-block.ts';
import type { PassedShare } from './upstream/job-record.ts';

/** What jobs for somebody are made of. */
export interface JobOffer {
  readonly outputs: readonly TransactionOutput[];
  /** Of the full extranonce, and how many bytes follow it. */
  readonly extranoncePrefix: Uint8Array;
  readonly rollableBytes: number;
  /** A share proves 2^exponent hashes; undefined where each miner has a difficulty of its own. */
  readonly exponent: number | undefined;
  /** Whether jobs with their tip's time are too early for it. */
  readonly isLate: boolean;
}

/** Whom miners mine for: a pool, or themselves. */
export interface WorkTaker {
  readonly name: string;
  /** Undefined where no job can be made. */
  readonly offer: JobOffer | undefined;
  /** Whether a job on the tip waits for consent: a better template waits for it in turn. */
  readonly isBusy: boolean;
  /** Whether a job came to nothing for a reason that another one in its place would not have. */
  isVoid(job: OwnJob): boolean;
  /** The node has another tip. */
  tipIs(prevHashLe: Uint8Array): void;
  /** Miners have the job. */
  take(job: OwnJob): void;
  /** A share of a job that was taken. */
  submit(job: OwnJob, share: PassedShare): void;
  /** A share of a job that was taken is a block. @returns what a jd-server can make it of; undefined where none could */
  push(job: OwnJob, work: HashedWork): PushedBlock | undefined;
}
