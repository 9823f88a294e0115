import { HashpoolError } from '../../../protocols/errors.ts';
import { Link, LinkError } from './link.ts';
import type { Result, Sent } from './messages.ts';

/** Longer than the server lets anybody wait for a lock. */
const ANSWER_MS = 15_000;
/** After a failed attempt the next one waits this long, twice as long each time. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** A PostgreSQL server, connected to when there is something to ask it, and again after the connection was lost. */
export class Server {
  readonly #url: string;
  readonly #isReadOnly: boolean;
  /** A connection that does not answer within this time counts as lost. */
  answerMs: number = ANSWER_MS;
  #link: Link | undefined;
  #pauseMs = 0;
  #notBefore = 0;

  /**
   * @param url postgres://…; never to be logged as it is, it may hold a password
   */
  constructor(url: string, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.#url = url;
    this.#isReadOnly = readOnly;
  }

  /**
   * Runs statements in one round trip. One that fails while the connection lives leaves it as it is.
   * @throws HashpoolError 'store-unavailable' where there is no connection or it was lost on the way,
   * 'store-busy' where another process held a lock for too long, 'store-conflict' where the transaction is to be run
   * again, 'store-failed' for any other statement that failed
   */
  run(sent: readonly Sent[]): readonly Result[] {
    const link = this.#link ?? this.#connect();
    try {
      return link.run(sent, this.answerMs);
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  close(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  #connect(): Link {
    const now = performance.now();
    if (now < this.#notBefore) throw unavailable('not connected; the next attempt is due soon');
    try {
      this.#link = Link.open(this.#url, this.#isReadOnly, ANSWER_MS);
      this.#pauseMs = 0;
      return this.#link;
    } catch (error) {
      this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
      this.#notBefore = now + this.#pauseMs;
      throw this.#errorOf(error);
    }
  }

  #errorOf(error: unknown): unknown {
    if (!(error instanceof LinkError)) return error;
    const { state, isLost } = error.failure;
    if (isLost) {
      this.#link?.abandon();
      this.#link = undefined;
      return unavailable(error.message, error);
    }
    if (state === '40001' || state === '40P01') {
      return new HashpoolError(
        'store-conflict',
        'another transaction of PostgreSQL came first; run it again',
        {
          cause: error,
        },
      );
    }
    if (state === '55P03') {
      return new HashpoolError(
        'store-busy',
        'another process holds the write lock of the PostgreSQL database for too long; try again',
        { cause: error },
      );
    }
    return new HashpoolError('store-failed', `PostgreSQL: ${error.message} (SQLSTATE ${state})`, {
      cause: error,
    });
  }
}

function unavailable(why: string, cause?: unknown): HashpoolError {
  return new HashpoolError('store-unavailable', `no connection to PostgreSQL (${why}); try again`, { cause });
}
