import { randomInt } from 'node:crypto';
import type { LiveJob } from '../../domain/jobs/extended-job.ts';
import type { PoolCoinbase } from '../../domain/jobs/pool-coinbase.ts';
import { PoolWork } from '../../domain/jobs/pool-work.ts';
import type { SeenShares } from '../../domain/shares/seen-shares.ts';
import { toHex } from '../../protocols/bytes.ts';
import type { Terms } from '../../protocols/ehash/work-link.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import type { NewTemplate, SetNewPrevHash } from '../../services/template-client/client.ts';
import { WorkFeed } from './work-feed.ts';

export interface WorkSourceOptions {
  /** The coinbase but for the keyset, which the terms name. */
  readonly coinbase: Omit<PoolCoinbase, 'keysetId'>;
  readonly log: Log;
  /** Shares that are known on a prev hash. */
  seenOn(prevHashLe: Uint8Array): Promise<SeenShares>;
}

/** Brings together the mint's terms and the template provider's templates, and makes the server's work of them. */
export class WorkSource extends WorkFeed {
  readonly #options: WorkSourceOptions;
  readonly #work = new PoolWork(randomInt(1, 2 ** 32));
  #signature: string;

  constructor(options: WorkSourceOptions) {
    super(options.log);
    this.#options = options;
    this.#signature = options.coinbase.signature;
  }

  get hasWork(): boolean {
    return this.#work.current !== undefined;
  }

  /** See {@link PoolWork.renew}. */
  renew(jobId: number): LiveJob | undefined {
    return this.#work.renew(jobId);
  }

  /** From the next job on, coinbases have these names: the pool's, and its miners' up to that length. */
  rename(signature: string, minerTagLength: number): void {
    this.enqueue('the names in the coinbase', () => {
      this.#signature = signature;
      this.server?.setMinerTagLength(minerTagLength);
      if (this.terms) this.followTerms(this.terms);
    });
  }

  takeTemplate(template: NewTemplate): void {
    this.enqueue('a template', () => {
      if (template.future_template) {
        this.server?.announce(this.#work.addFuture(template));
        return;
      }
      const live = this.#work.addCurrent(template);
      if (live) this.server?.add(live);
    });
  }

  takePrevHash(message: SetNewPrevHash): void {
    this.enqueue('a prev hash', async () => {
      const seen = await this.#options.seenOn(message.prev_hash);
      this.server?.activate(this.#work.setTip(message, seen));
      this.isFresh();
      this.log.debug({ prev_hash: toHex(message.prev_hash) }, 'mining on a new tip');
    });
  }

  protected followTerms({ keysetId }: Terms): void {
    const live = this.#work.setCoinbase({
      ...this.#options.coinbase,
      signature: this.#signature,
      keysetId,
    });
    if (live) this.server?.add(live);
    for (const job of this.#work.announced) this.server?.announce(job);
  }

  protected followServerId(serverId: number): void {
    if (!this.server?.setServerId(serverId)) return;
    // Miners would go on in the old ones with a job that they had before.
    for (const job of this.#work.remakeFuture()) this.server.announce(job);
  }
}
