import { randomInt } from 'node:crypto';
import type { LiveJob } from '../../domain/jobs/extended-job.ts';
import type { PoolCoinbase } from '../../domain/jobs/pool-coinbase.ts';
import { PoolWork } from '../../domain/jobs/pool-work.ts';
import type { SeenShares } from '../../domain/shares/seen-shares.ts';
import { equalBytes, toHex } from '../../protocols/bytes.ts';
import type { Terms } from '../../protocols/ehash/work-link.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import type { MiningServer } from '../../services/mining-server/server.ts';
import type { NewTemplate, SetNewPrevHash } from '../../services/template-client/client.ts';

/** Codes under which channels are closed. */
const SERVER_ID_IN_USE = 'server-id-in-use';
const STALE_WORK = 'stale-work';

export interface WorkSourceOptions {
  /** The coinbase but for the keyset, which the terms name. */
  readonly coinbase: Omit<PoolCoinbase, 'keysetId'>;
  readonly log: Log;
  /** Shares that are known on a prev hash. */
  seenOn(prevHashLe: Uint8Array): Promise<SeenShares>;
}

/** Brings together the mint's terms and the template provider's templates, and makes the server's work of them. */
export class WorkSource {
  readonly #options: WorkSourceOptions;
  readonly #work = new PoolWork(randomInt(1, 2 ** 32));
  #server: MiningServer | undefined;
  #terms: Terms | undefined;
  #signature: string;
  /** What comes in is worked off in its order, though some of it waits for the store. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: WorkSourceOptions) {
    this.#options = options;
    this.#signature = options.coinbase.signature;
  }

  /** Sets where work goes; nothing may be taken before. */
  serve(server: MiningServer): void {
    this.#server = server;
  }

  /** Whether there is a job to be mined. */
  get hasWork(): boolean {
    return this.#work.current !== undefined;
  }

  /** See {@link PoolWork.renew}. */
  renew(jobId: number): LiveJob | undefined {
    return this.#work.renew(jobId);
  }

  takeTerms(terms: Terms): void {
    this.#enqueue('the terms', () => {
      if (this.#terms && sameTerms(this.#terms, terms)) return;
      this.#terms = terms;
      this.#options.log.info(
        { unit: terms.unit, policy: terms.policy, minimum_difficulty: terms.minimumDifficulty },
        'the mint pays on these terms',
      );
      this.#server?.setMinimumDifficulty(terms.minimumDifficulty);
      this.#remakeJobs(terms);
    });
  }

  /** From the next job on, coinbases have these names: the pool's, and its miners' up to that length. */
  rename(signature: string, minerTagLength: number): void {
    this.#enqueue('the names in the coinbase', () => {
      this.#signature = signature;
      this.#server?.setMinerTagLength(minerTagLength);
      if (this.#terms) this.#remakeJobs(this.#terms);
    });
  }

  /** Goes on in the extranonces of that server id, which the mint has leased to this pool. */
  moveTo(serverId: number): void {
    this.#enqueue('the leased server id', () => {
      this.#server?.resume(SERVER_ID_IN_USE);
      if (!this.#server?.setServerId(serverId)) return;
      // Miners would go on in the old ones with a job that they had before.
      for (const job of this.#work.remakeFuture()) this.#server.announce(job);
    });
  }

  takeTemplate(template: NewTemplate): void {
    this.#enqueue('a template', () => {
      if (template.future_template) {
        this.#server?.announce(this.#work.addFuture(template));
        return;
      }
      const live = this.#work.addCurrent(template);
      if (live) this.#server?.add(live);
    });
  }

  /** Stops, since another pool has this one's server id: both would find the same headers. */
  loseServerId(): void {
    this.#enqueue('the loss of the server id', () => this.#server?.suspend(SERVER_ID_IN_USE));
  }

  /** Sends the miners away, since their job is most likely stale: what they did would be worth nothing, and be paid. */
  loseTemplates(): void {
    this.#enqueue('the loss of the template provider', () => {
      if (this.hasWork) this.#server?.suspend(STALE_WORK);
    });
  }

  takePrevHash(message: SetNewPrevHash): void {
    this.#enqueue('a prev hash', async () => {
      const seen = await this.#options.seenOn(message.prev_hash);
      this.#server?.activate(this.#work.setTip(message, seen));
      this.#server?.resume(STALE_WORK);
      this.#options.log.debug({ prev_hash: toHex(message.prev_hash) }, 'mining on a new tip');
    });
  }

  #remakeJobs({ keysetId }: Terms): void {
    const live = this.#work.setCoinbase({
      ...this.#options.coinbase,
      signature: this.#signature,
      keysetId,
    });
    if (live) this.#server?.add(live);
    for (const job of this.#work.announced) this.#server?.announce(job);
  }

  #enqueue(what: string, task: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(task).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, `${what} could not be used: ${messageOf(error)}`);
    });
  }
}

function sameTerms(a: Terms, b: Terms): boolean {
  const sameWords = a.policy === b.policy && a.unit === b.unit && a.minimumDifficulty === b.minimumDifficulty;
  return sameWords && equalBytes(a.keysetId, b.keysetId);
}
