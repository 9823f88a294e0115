import type { OwnJob } from '../../domain/job-declaration/own-job.ts';
import type { PassedShare } from './upstream/job-record.ts';
import type { JobOffer, WorkTaker } from './work-taker.ts';

/** Where no pool is, blocks pay the miner's own script, and shares are only counted. */
export class Solo implements WorkTaker {
  readonly name = 'solo';
  readonly offer: JobOffer;
  readonly isBusy = false;
  #shares = 0;

  /** @param rollableBytes as a pool gives them, so that channels stay when miners are moved */
  constructor(script: Uint8Array, rollableBytes: number) {
    const outputs = [{ value: 0n, script }];
    const extranoncePrefix = new Uint8Array(0);
    this.offer = { outputs, extranoncePrefix, rollableBytes, exponent: undefined, isLate: false };
  }

  /** Shares that nobody pays for. */
  get shares(): number {
    return this.#shares;
  }

  isVoid(): boolean {
    return false;
  }

  tipIs(): void {
    // Nothing waits here for a tip.
  }

  take(): void {
    // Nobody is asked.
  }

  submit(_job: OwnJob, { answered }: PassedShare): void {
    this.#shares++;
    answered({ kind: 'accepted' });
  }

  push(): undefined {
    // The template provider alone has it.
  }
}
