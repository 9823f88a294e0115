import { randomInt } from 'node:crypto';
import { layOutChannel } from '../../domain/extranonce/layout.ts';
import { type OwnJob, ownJob } from '../../domain/job-declaration/own-job.ts';
import type { LiveJob } from '../../domain/jobs/extended-job.ts';
import { UpstreamWork } from '../../domain/jobs/upstream-work.ts';
import { SeenShares } from '../../domain/shares/seen-shares.ts';
import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { encodeOutputs } from '../../protocols/bitcoin/output.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import type { MiningServer } from '../../services/mining-server/server.ts';
import type { NewTemplate, SetNewPrevHash } from '../../services/template-client/client.ts';
import type { PassedShare } from './upstream/job-record.ts';
import type { JobOffer, WorkTaker } from './work-taker.ts';

/** Templates that wait for their tip; the oldest gives way. */
const MAX_FUTURE_TEMPLATES = 16;
/** Jobs whose shares are still known; the oldest gives way. */
const MAX_JOBS = 128;
/** Code under which channels are closed where nobody tells of a new tip any more. */
const STALE_WORK = 'stale-work';

/** What work goes to. */
export type WorkServer = Pick<
  MiningServer,
  'layOut' | 'setUseful' | 'activate' | 'add' | 'suspend' | 'resume'
>;

interface Made {
  readonly job: OwnJob;
  readonly taker: WorkTaker;
  readonly offer: JobOffer;
}

export interface WorkOptions {
  readonly signature: string;
  /** Bits of the version that miners may roll. */
  readonly versionMask: number;
  readonly log: Log;
  /** The node has another tip, on which no job is made yet. */
  onTip(prevHashLe: Uint8Array): void;
}

/** Makes the miners' jobs of the node's templates, each for whom is mined then. */
export class Work {
  readonly #options: WorkOptions;
  readonly #work = new UpstreamWork(randomInt(1, 2 ** 32));
  readonly #future = new Map<bigint, NewTemplate>();
  readonly #jobs = new Map<number, Made>();
  #server: WorkServer | undefined;
  #taker: WorkTaker | undefined;
  #template: NewTemplate | undefined;
  #tip: SetNewPrevHash | undefined;
  /** When it came, in milliseconds of performance.now(). */
  #tipAt = 0;
  /** A prev hash whose template has not come yet. */
  #early: SetNewPrevHash | undefined;
  #seen = new SeenShares();
  /** Whether upstreams are being told of a tip. */
  #isMoving = false;
  #made: Made | undefined;
  #last = randomInt(1, 2 ** 30);

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  get hasWork(): boolean {
    return this.#made !== undefined;
  }

  serve(server: WorkServer): void {
    this.#server = server;
  }

  /** See {@link UpstreamWork.renew}. */
  renew(jobId: number): LiveJob | undefined {
    return this.#work.renew(jobId);
  }

  /** Jobs are for somebody else from now on; those that miners have stay with whom they were made for. */
  mineFor(taker: WorkTaker): void {
    this.#taker = taker;
    this.look();
  }

  takeTemplate(template: NewTemplate): void {
    if (!template.future_template) {
      this.#template = template;
      this.look();
      return;
    }
    this.#future.set(template.template_id, template);
    const [oldest] = this.#future.keys();
    if (this.#future.size > MAX_FUTURE_TEMPLATES && oldest !== undefined) this.#future.delete(oldest);
    if (this.#early?.template_id === template.template_id) this.takePrevHash(this.#early);
  }

  takePrevHash(tip: SetNewPrevHash): void {
    const template = this.#future.get(tip.template_id);
    this.#early = template ? undefined : tip;
    if (!template) return;
    this.#future.clear();
    this.#template = template;
    if (!this.#tip || !equalBytes(this.#tip.prev_hash, tip.prev_hash)) this.#seen = new SeenShares();
    this.#tip = tip;
    this.#tipAt = performance.now();
    // What upstreams say to it is of the tip before.
    this.#isMoving = true;
    this.#options.onTip(tip.prev_hash);
    this.#isMoving = false;
    this.look();
  }

  /** Makes a job where one is due: at once where the last one is for nothing, else when its consent is there. */
  look(): void {
    const offer = this.#taker?.offer;
    if (!this.#taker || !offer || this.#isMoving) return;
    const isVoid = this.#isVoid(this.#taker, offer);
    if (isVoid || (!this.#taker.isBusy && this.#isOutdated(offer))) this.#mine(this.#taker, offer);
  }

  /** Makes a job that no miner gets, to see whether it is taken. */
  probe(taker: WorkTaker): void {
    const made = taker.offer && this.#make(taker, taker.offer);
    if (made) taker.take(made.job);
  }

  /** Brings a share to whom its job was made for. */
  pass(share: PassedShare): void {
    const made = this.#jobs.get(Number(share.work.job.live.job.templateId));
    if (made) made.taker.submit(made.job, share);
    else share.answered({ kind: 'refused', code: 'stale-share' });
  }

  /** The job that work was done for, and for whom. */
  of(work: HashedWork): Made | undefined {
    return this.#jobs.get(Number(work.job.live.job.templateId));
  }

  /** Nobody has told of a tip for so long that the job is most likely stale. */
  loseSource(): void {
    if (this.hasWork) this.#server?.suspend(STALE_WORK);
  }

  #isVoid(taker: WorkTaker, { extranoncePrefix }: JobOffer): boolean {
    const made = this.#made;
    return (
      !made ||
      made.taker !== taker ||
      made.job.tip !== this.#tip ||
      taker.isVoid(made.job) ||
      !equalBytes(made.offer.extranoncePrefix, extranoncePrefix)
    );
  }

  #isOutdated({ exponent, outputs }: JobOffer): boolean {
    const made = this.#made;
    if (!made || made.job.template !== this.#template || made.offer.exponent !== exponent) return true;
    return !equalBytes(encodeOutputs(made.offer.outputs), encodeOutputs(outputs));
  }

  #mine(taker: WorkTaker, offer: JobOffer): void {
    const made = this.#make(taker, offer);
    const server = this.#server;
    if (!made || !server) return;
    this.#made = made;
    const { template, tip, minNtime, coinbase, number } = made.job;
    const { fullBytes } = layOutChannel(offer.rollableBytes);
    const { live, isTip } = this.#work.take(
      {
        number: BigInt(number),
        fields: {
          prevHashLe: tip.prev_hash,
          coinbasePrefix: coinbase.prefix,
          coinbaseSuffix: coinbase.suffix,
          merklePath: template.merkle_path,
          version: template.version,
          nbits: tip.nBits,
          ntime: minNtime,
        },
        extranonce: { extranonce1: offer.extranoncePrefix, extranonce2Size: offer.rollableBytes },
        targetLe: tip.target,
        versionMask: this.#options.versionMask,
        isClean: false,
      },
      this.#seen,
      fullBytes,
    );
    server.layOut(layOutChannel(offer.rollableBytes));
    // After the job is there: what is told of a new target is told it with a job that has this target at the pool.
    server.setUseful(offer.exponent === undefined ? undefined : { exponent: offer.exponent, isLeast: true });
    if (isTip) server.activate(live);
    else server.add(live);
    server.resume(STALE_WORK);
    taker.take(made.job);
  }

  #make(taker: WorkTaker, offer: JobOffer): Made | undefined {
    if (!this.#template || !this.#tip) return undefined;
    const { outputs, extranoncePrefix, rollableBytes, isLate } = offer;
    const { signature, log } = this.#options;
    const extranonceBytes = extranoncePrefix.length + rollableBytes;
    try {
      const tipAge = isLate ? Math.floor((performance.now() - this.#tipAt) / 1000) : 0;
      const terms = { outputs, signature, extranonceBytes, tipAge };
      const job = ownJob(++this.#last, this.#template, this.#tip, terms);
      const made = { job, taker, offer };
      this.#jobs.set(job.number, made);
      const [oldest] = this.#jobs.keys();
      if (this.#jobs.size > MAX_JOBS && oldest !== undefined) this.#jobs.delete(oldest);
      return made;
    } catch (error) {
      log.warn({ err: error, for: taker.name }, `no job could be made: ${messageOf(error)}`);
      return undefined;
    }
  }
}
