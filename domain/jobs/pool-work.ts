import { equalBytes } from '../../protocols/bytes.ts';
import type { CoinbasePayouts } from '../../protocols/ehash/work-link.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';
import type { SeenShares } from '../shares/seen-shares.ts';
import { type ExtendedJob, type LiveJob, liveJob, type Tip } from './extended-job.ts';
import { JobFactory } from './job-factory.ts';
import { NO_ROOM, type PayoutRoom } from './payouts.ts';
import type { NewTemplate, PoolCoinbase } from './pool-coinbase.ts';

export type TemplatePrevHash = Extract<TemplateMessage, { name: 'SetNewPrevHash' }>;

/** Templates for a tip to come; the oldest gives way. */
const MAX_FUTURE_TEMPLATES = 16;

interface Announced {
  readonly template: NewTemplate;
  readonly room: PayoutRoom;
  readonly job: ExtendedJob;
}

/** Turns what a template provider says into jobs for all channels. */
export class PoolWork {
  readonly #factory: JobFactory;
  readonly #future = new Map<bigint, Announced>();
  #coinbase: PoolCoinbase | undefined;
  #payouts: CoinbasePayouts | undefined;
  #template: NewTemplate | undefined;
  /** What the current template leaves for payouts. */
  #room = NO_ROOM;
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
    for (const [id, { template, room }] of this.#future) {
      this.#future.set(id, { template, room, job: this.#factory.make(template, this.#wantedCoinbase()) });
    }
    return this.announced;
  }

  /**
   * Takes a template for a tip to come.
   * @param room that it leaves for payouts
   * @returns its job, to be announced
   */
  addFuture(template: NewTemplate, room = NO_ROOM): ExtendedJob {
    const job = this.#factory.make(template, this.#wantedCoinbase());
    this.#future.set(template.template_id, { template, room, job });
    for (const id of this.#future.keys()) {
      if (this.#future.size <= MAX_FUTURE_TEMPLATES) break;
      this.#future.delete(id);
    }
    return job;
  }

  /**
   * Takes a better template for the current tip.
   * @param room that it leaves for payouts
   * @returns its job; undefined before the first tip, when no job could be mined
   */
  addCurrent(template: NewTemplate, room = NO_ROOM): LiveJob | undefined {
    if (!this.#current) return undefined;
    [this.#template, this.#room] = [template, room];
    return this.#remake(this.#current.tip);
  }

  /**
   * Moves to a new tip, with the template that was announced for it. Its job has no payouts: see {@link withPayouts}.
   * @param seen shares already known on this prev hash
   * @param room that the template leaves for payouts, where that is known to be another one than it was announced with
   * @returns the job to be activated
   * @throws HashpoolError 'unknown-template' where no such template was announced
   */
  setTip(message: TemplatePrevHash, seen: SeenShares, room?: PayoutRoom): LiveJob {
    const announced = this.#take(message, room);
    const tip: Tip = {
      prevHashLe: message.prev_hash,
      nbits: message.nBits,
      minNtime: message.header_timestamp,
      targetLe: message.target,
      seen,
    };
    this.#current = liveJob(announced.job, tip);
    return this.#current;
  }

  /**
   * Takes the template with which a provider tells the tip that stands once more, as one does that was started again or
   * asked for other room: the jobs that are out stay good.
   * @returns its job, to be added; undefined where it is another tip, see {@link setTip}
   * @throws HashpoolError 'unknown-template' where no such template was announced
   */
  setSameTip(message: TemplatePrevHash, room?: PayoutRoom): LiveJob | undefined {
    const tip = this.#current?.tip;
    const isSame =
      tip !== undefined &&
      tip.nbits === message.nBits &&
      equalBytes(tip.prevHashLe, message.prev_hash) &&
      equalBytes(tip.targetLe, message.target);
    if (!isSame) return undefined;
    this.#take(message, room);
    return this.#remake(tip);
  }

  /** Makes an announced template the current one. */
  #take({ template_id: id }: TemplatePrevHash, room: PayoutRoom | undefined): Announced {
    const announced = this.#future.get(id);
    if (!announced) {
      throw new HashpoolError(
        'unknown-template',
        `SetNewPrevHash names template ${id}, which was not announced as a future one`,
      );
    }
    this.#future.clear();
    [this.#template, this.#room] = [announced.template, room ?? announced.room];
    return announced;
  }

  /** Sets whom the coinbases of jobs on one prev hash pay besides: those on any other pay none of it. */
  setPayouts(payouts: CoinbasePayouts): void {
    this.#payouts = payouts;
  }

  /** A job of the current template with the payouts of its tip; undefined where there are none for it, or no room. */
  withPayouts(): LiveJob | undefined {
    if (!this.#current || this.#room.size === 0 || !this.#payoutsOn(this.#current.tip)) return undefined;
    return this.#remake(this.#current.tip);
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
    const outputs = this.#payoutsOn(tip);
    const payouts = outputs && { outputs, room: this.#room };
    this.#current = liveJob(this.#factory.make(this.#template, this.#wantedCoinbase(), payouts), tip);
    return this.#current;
  }

  #payoutsOn({ prevHashLe }: Tip): CoinbasePayouts['outputs'] | undefined {
    return this.#payouts && equalBytes(this.#payouts.prevHashLe, prevHashLe)
      ? this.#payouts.outputs
      : undefined;
  }

  #wantedCoinbase(): PoolCoinbase {
    if (this.#coinbase) return this.#coinbase;
    throw new HashpoolError('no-terms', 'no job can be made before the mint has told its terms');
  }
}
