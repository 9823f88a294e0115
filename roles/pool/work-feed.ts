import type { LiveJob } from '../../domain/jobs/extended-job.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import type { Terms } from '../../protocols/ehash/work-link.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import type { MiningServer } from '../../services/mining-server/server.ts';

/** Codes under which channels are closed. */
const SERVER_ID_IN_USE = 'server-id-in-use';
const STALE_WORK = 'stale-work';

/** Feeds the mining server with jobs on the mint's terms, wherever the jobs come from. */
export abstract class WorkFeed {
  protected readonly log: Log;
  #server: MiningServer | undefined;
  #terms: Terms | undefined;
  /** What comes in is worked off in its order, though some of it waits for the store. */
  #queue: Promise<void> = Promise.resolve();

  constructor(log: Log) {
    this.log = log;
  }

  /** Sets where work goes; nothing may be taken before. */
  serve(server: MiningServer): void {
    this.#server = server;
  }

  /** Whether there is a job to be mined. */
  abstract get hasWork(): boolean;

  /** A job of the newest work that is newer than `jobId`. */
  abstract renew(jobId: number): LiveJob | undefined;

  takeTerms(terms: Terms): void {
    this.enqueue('the terms', () => {
      if (this.#terms && sameTerms(this.#terms, terms)) return;
      this.#terms = terms;
      this.log.info(
        { unit: terms.unit, policy: terms.policy, minimum_difficulty: terms.minimumDifficulty },
        'the mint pays on these terms',
      );
      this.#server?.setMinimumDifficulty(terms.minimumDifficulty);
      this.followTerms(terms);
    });
  }

  /** Goes on in the extranonces of that server id, which the mint has leased to this pool. */
  moveTo(serverId: number): void {
    this.enqueue('the leased server id', () => {
      this.#server?.resume(SERVER_ID_IN_USE);
      this.followServerId(serverId);
    });
  }

  /** Stops, since another pool has this one's server id. */
  loseServerId(): void {
    this.enqueue('the loss of the server id', () => this.#server?.suspend(SERVER_ID_IN_USE));
  }

  /** Sends the miners away, since their job is most likely stale: what they did would be worth nothing, and be paid. */
  loseSource(): void {
    this.enqueue('the loss of the source of work', () => {
      if (this.hasWork) this.#server?.suspend(STALE_WORK);
    });
  }

  protected get server(): MiningServer | undefined {
    return this.#server;
  }

  protected get terms(): Terms | undefined {
    return this.#terms;
  }

  /** The terms are others. */
  protected abstract followTerms(terms: Terms): void;

  /** The server id is the pool's, perhaps as before. */
  protected abstract followServerId(serverId: number): void;

  /** Work has come that is not stale. */
  protected isFresh(): void {
    this.#server?.resume(STALE_WORK);
  }

  protected enqueue(what: string, task: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(task).catch((error: unknown) => {
      this.log.warn({ err: error }, `${what} could not be used: ${messageOf(error)}`);
    });
  }
}

function sameTerms(a: Terms, b: Terms): boolean {
  const sameWords = a.policy === b.policy && a.unit === b.unit && a.minimumDifficulty === b.minimumDifficulty;
  return sameWords && equalBytes(a.keysetId, b.keysetId);
}
