import { randomInt } from 'node:crypto';
import { type ExtranonceLayout, layOutUpstream } from '../../../domain/extranonce/layout.ts';
import type { LiveJob } from '../../../domain/jobs/extended-job.ts';
import { type UpstreamJob, UpstreamWork } from '../../../domain/jobs/upstream-work.ts';
import type { SeenShares } from '../../../domain/shares/seen-shares.ts';
import { toHex } from '../../../protocols/bytes.ts';
import type { Log } from '../../../runtime/sv2/log.ts';
import { WorkFeed } from '../work-feed.ts';

/** Extranonces are given to nobody twice where so many bytes of counter tell them apart. */
const ROOMY_COUNTER = 2;
const HASH_BITS = 256;

export interface UpstreamFeedOptions {
  readonly log: Log;
  /** Leading zero bits that a block must have, whatever nbits say; undefined but in trials. */
  readonly blockBits: number | undefined;
  /** Shares that are known on a prev hash. */
  seenOn(prevHashLe: Uint8Array): Promise<SeenShares>;
}

/** Makes the server's work of an upstream's jobs. */
export class UpstreamFeed extends WorkFeed {
  readonly #options: UpstreamFeedOptions;
  readonly #work: UpstreamWork;
  #layout: ExtranonceLayout | undefined;
  /** The upstream's newest job while it waits for its turn; of several the last one counts. */
  #next: UpstreamJob | undefined;

  constructor(options: UpstreamFeedOptions) {
    super(options.log);
    this.#options = options;
    this.#work = new UpstreamWork(randomInt(1, 2 ** 32), options.blockBits);
  }

  get hasWork(): boolean {
    return this.#work.current !== undefined;
  }

  /** See {@link UpstreamWork.renew}. */
  renew(jobId: number): LiveJob | undefined {
    return this.#work.renew(jobId);
  }

  /** Takes a job that is checked. */
  takeJob(job: UpstreamJob): void {
    const isWaiting = this.#next !== undefined;
    this.#next = { ...job, isClean: job.isClean || (this.#next?.isClean ?? false) };
    if (!isWaiting) this.enqueue("the upstream's job", () => this.#takeNext());
  }

  /** Other bits of the version may be rolled, from now on. */
  takeVersionMask(mask: number): void {
    this.enqueue("the upstream's version mask", () => {
      const live = this.#work.setVersionMask(mask);
      if (live) this.server?.add(live);
    });
  }

  /** What shares must meet to be of use upstream is another one. */
  takeTarget(target: bigint): void {
    const bits = HASH_BITS - target.toString(2).length;
    this.log.info({ bits }, 'the upstream takes shares that prove so much');
    this.server?.setUseful({ exponent: bits, isLeast: false });
  }

  async #takeNext(): Promise<void> {
    const job = this.#next;
    this.#next = undefined;
    if (job) this.#mine(job, await this.#options.seenOn(job.fields.prevHashLe));
  }

  #mine(job: UpstreamJob, seen: SeenShares): void {
    const layout = layOutUpstream(job.extranonce.extranonce2Size, this.#layout);
    if (!layout) return;
    const { live, isTip } = this.#work.take(job, seen, layout.fullBytes);
    if (layout !== this.#layout) this.#layOut(layout, job);
    if (isTip) this.server?.activate(live);
    else this.server?.add(live);
    this.isFresh();
    this.log.debug({ job: job.fields.jobId, prev_hash: toHex(job.fields.prevHashLe), isTip }, 'a job came');
  }

  #layOut(layout: ExtranonceLayout, { extranonce }: UpstreamJob): void {
    this.#layout = layout;
    this.server?.layOut(layout);
    const about = { extranonce2: extranonce.extranonce2Size, channels: 256 ** layout.counterBytes };
    if (layout.counterBytes >= ROOMY_COUNTER)
      this.log.info(about, "the upstream's extranonce2 is shared out");
    else {
      this.log.warn(
        about,
        `the upstream gives ${about.extranonce2} bytes of extranonce2: no more than ${about.channels} channels can be open`,
      );
    }
  }

  protected followTerms(): void {
    // No coinbase of an upstream names a keyset.
  }

  protected followServerId(): void {
    // An upstream's extranonce1 tells servers apart.
  }
}
