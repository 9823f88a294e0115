import { HashpoolError } from '../../protocols/errors.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';
import type { SeenShares } from '../shares/seen-shares.ts';
import { type ExtendedJob, type LiveJob, liveJob, type Tip } from './extended-job.ts';
import { JobFactory } from './job-factory.ts';
import type { NewTemplate, PoolCoinbase } from './pool-coinbase.ts';

export type TemplatePrevHash = Extract<TemplateMessage, { name: 'SetNewPrevHash' }>;

/** Templates for a tip to come; the oldest gives way. */
const MAX_FUTURE_TEMPLATES = 16;

interface Announced {
  readonly template: NewTemplate;
  readonly job: ExtendedJob;
}

/** Turns what a template provider says into jobs for all channels. */
export class PoolWork {
  readonly #factory: JobFactory;
  readonly #future = new Map<bigint, Announced>();
  #coinbase: PoolCoinbase | undefined;
  #template: NewTemplate | undefined;
  #current: LiveJob | undefined;

  /** @param firstJobId see {@link JobFactory} */
  constructor(firstJobId = 1) {
    this.#factory = new JobFactory(firstJobId);
  }

  /** The newest job on the current tip. */
  get current(): LiveJob | undefined {
    return this.#current;
  }

  /** Jobs that wait for their tip. */
  get announced(): readonly ExtendedJob[] {
    return [...this.#future.values()].map(({ job }) => job);
  }

  /**
   * Sets what each coinbase pays and says, before the first template or anew. Jobs that were announced are made
   * again; announce them again.
   * @returns the current template's new job, if there is a tip
   */
  setCoinbase(coinbase: PoolCoinbase): LiveJob | undefined {
    this.#coinbase = coinbase;
    this.remakeFuture();
    return this.#current && this.#remake(this.#current.tip);
  }

  /**
   * Makes the announced jobs again, since those that miners have can't be changed any more.
   * @returns the new ones, to be announced
   */
  remakeFuture(): readonly ExtendedJob[] {
    for (const [id, { template }] of this.#future) {
      this.#future.set(id, { template, job: this.#factory.make(template, this.#wantedCoinbase()) });
    }
    return this.announced;
  }

  /**
   * Takes a template for a tip to come.
   * @returns its job, to be announced
   */
  addFuture(template: NewTemplate): ExtendedJob {
    const job = this.#factory.make(template, this.#wantedCoinbase());
    this.#future.set(template.template_id, { template, job });
    for (const id of this.#future.keys()) {
      if (this.#future.size <= MAX_FUTURE_TEMPLATES) break;
      this.#future.delete(id);
    }
    return job;
  }

  /**
   * Takes a better template for the current tip.
   * @returns its job; undefined before the first tip, when no job could be mined
   */
  addCurrent(template: NewTemplate): LiveJob | undefined {
    if (!this.#current) return undefined;
    this.#template = template;
    return this.#remake(this.#current.tip);
  }

  /**
   * Moves to a new tip, with the template that was announced for it.
   * @param seen shares already known on this prev hash
   * @returns the job to be activated
   * @throws HashpoolError 'unknown-template' where no such template was announced
   */
  setTip(message: TemplatePrevHash, seen: SeenShares): LiveJob {
    const announced = this.#future.get(message.template_id);
    if (!announced) {
      throw new HashpoolError(
        'unknown-template',
        `SetNewPrevHash names template ${message.template_id}, which was not announced as a future one`,
      );
    }
    const tip: Tip = {
      prevHashLe: message.prev_hash,
      nbits: message.nBits,
      minNtime: message.header_timestamp,
      targetLe: message.target,
      seen,
    };
    this.#future.clear();
    this.#template = announced.template;
    this.#current = liveJob(announced.job, tip);
    return this.#current;
  }

  /**
   * A job of the current template that is newer than `jobId`, for a channel whose target changed: a search space
   * of its own, so that no hash can be handed in for two targets.
   */
  renew(jobId: number): LiveJob | undefined {
    if (!this.#current || this.#current.job.id !== jobId) return this.#current;
    return this.#remake(this.#current.tip);
  }

  #remake(tip: Tip): LiveJob | undefined {
    if (!this.#template) return undefined;
    this.#current = liveJob(this.#factory.make(this.#template, this.#wantedCoinbase()), tip);
    return this.#current;
  }

  #wantedCoinbase(): PoolCoinbase {
    if (this.#coinbase) return this.#coinbase;
    throw new HashpoolError('no-terms', 'no job can be made before the mint has told its terms');
  }
}
