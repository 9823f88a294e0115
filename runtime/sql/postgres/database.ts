import { HashpoolError, isHashpoolError } from '../../../protocols/errors.ts';
import type { Database, Statement } from '../database.ts';
import { LinkError } from './link.ts';
import type { Result, Sent } from './messages.ts';
import type { Server } from './server.ts';
import { PostgresStatement } from './statement.ts';

/** The table that says how new the others are; writers hold a lock of it, so that it is there before any. */
export const SCHEMAS = 'schemas';

/**
 * Beside other writers, each as if alone or not at all. The lock comes before the view of the database that all
 * statements then have, as only LOCK TABLE does (PostgreSQL, LOCK, Notes): else who has waited for a writer alone
 * would not see what that one wrote, and nothing would tell.
 */
const WRITE: readonly Sent[] = [
  { text: 'BEGIN ISOLATION LEVEL SERIALIZABLE' },
  { text: `LOCK TABLE ${SCHEMAS} IN ROW EXCLUSIVE MODE` },
];
/** Without any other writer: each statement sees all that was committed before it, and nothing can conflict. */
const WRITE_ALONE: readonly Sent[] = [
  { text: 'BEGIN' },
  { text: `LOCK TABLE ${SCHEMAS} IN SHARE ROW EXCLUSIVE MODE` },
];
/** One view of the whole database, whatever is committed meanwhile. */
const READ: readonly Sent[] = [{ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }];
/** For how long a commit whose answer was lost is asked about. */
const LOOK_MS = 5_000;
const LOOK_PAUSE_MS = 100;

/**
 * A PostgreSQL database with the face of Node's SQLite, for a thread that may stand still.
 *
 * `BEGIN IMMEDIATE` begins a serializable transaction: where it and another one can't both be as if alone, one of them
 * fails with 'store-conflict' and is to be run again. `BEGIN EXCLUSIVE` waits until no other writes, in any process, and
 * never conflicts. `BEGIN` gives a reader one snapshot. What is run by `exec` within a transaction goes to the server
 * along with the next statement that is waited for.
 */
export class PostgresDatabase implements Database {
  readonly #server: Server;
  #statements = 0;
  #later: Sent[] = [];
  /** `broken`: nothing of the transaction may become true, and nothing runs before the next one. */
  #state: 'idle' | 'open' | 'broken' = 'idle';
  /** The number of the transaction that is open, where it was asked for. */
  #transaction: string | null | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  get isTransaction(): boolean {
    return this.#state === 'open';
  }

  prepare(sql: string): Statement {
    const sender = {
      run: (sent: readonly Sent[]) => this.#run(sent),
      post: (sent: Sent) => this.#post(sent),
    };
    return new PostgresStatement(sender, `s${this.#statements++}`, sql);
  }

  exec(sql: string): void {
    if (sql === 'BEGIN IMMEDIATE') this.#begin(WRITE);
    else if (sql === 'BEGIN EXCLUSIVE') this.#begin(WRITE_ALONE);
    else if (sql === 'BEGIN') this.#begin(READ);
    else if (sql === 'COMMIT') this.#commit();
    else if (sql === 'ROLLBACK') this.#rollback();
    else this.#post({ text: sql });
  }

  turn(): bigint {
    const [answer] = this.#run([{ text: 'SELECT pg_current_xact_id()::text' }]);
    this.#transaction = answer?.rows[0]?.[0];
    return BigInt(this.#transaction ?? 0);
  }

  close(): void {
    this.#server.close();
  }

  #post(sent: Sent): void {
    if (!this.isTransaction) {
      this.#run([sent]);
      return;
    }
    const before = this.#later.at(-1);
    // Plain statements, such as the end of one savepoint and the next one, go over as one.
    if (!before || before.values || sent.values) this.#later.push(sent);
    else this.#later.splice(-1, 1, { text: `${before.text}; ${sent.text}` });
  }

  #run(sent: readonly Sent[]): readonly Result[] {
    if (this.#state === 'broken') {
      throw new HashpoolError('store-unavailable', 'this transaction of PostgreSQL has failed as a whole');
    }
    const later = this.#later;
    this.#later = [];
    try {
      return this.#server.run([...later, ...sent]).slice(later.length);
    } catch (error) {
      // What was not waited for belongs to operations that count as done: they can't fail by themselves any more.
      if (this.isTransaction && (isFatal(error) || failedAt(error) < later.length)) this.#state = 'broken';
      throw error;
    }
  }

  /** A connection that was lost while nothing went over it is found out here, and replaced. */
  #begin(begin: readonly Sent[]): void {
    const clean = this.#state === 'broken' ? [{ text: 'ROLLBACK' }, ...begin] : begin;
    this.#state = 'idle';
    this.#later = [];
    this.#transaction = undefined;
    try {
      this.#run(clean);
    } catch (error) {
      if (!isLost(error)) {
        this.#run([{ text: 'ROLLBACK' }]);
        throw error;
      }
      this.#run(begin);
    }
    this.#state = 'open';
  }

  #rollback(): void {
    this.#later = [];
    this.#run([{ text: 'ROLLBACK' }]);
    this.#state = 'idle';
  }

  /** Commits; where the connection is lost on the way, asks over another one whether the commit has happened. */
  #commit(): void {
    const transaction = this.#transaction ?? this.#assigned();
    this.#state = 'idle';
    try {
      const [done] = this.#run([{ text: 'COMMIT' }]);
      if (done?.command === 'COMMIT') return;
      throw new HashpoolError(
        'store-failed',
        'PostgreSQL rolled a transaction back that was to be committed',
      );
    } catch (error) {
      if (!transaction || !isLost(error)) throw error;
      if (!this.#hasCommitted(transaction, error)) throw error;
    }
  }

  #assigned(): string | null | undefined {
    const [last] = this.#run([{ text: 'SELECT pg_current_xact_id_if_assigned()::text' }]);
    return last?.rows[0]?.[0];
  }

  /** @throws HashpoolError 'outcome-unknown' where the server can't be asked in time */
  #hasCommitted(transaction: string, cause: unknown): boolean {
    const until = performance.now() + LOOK_MS;
    while (performance.now() < until) {
      const status = this.#statusOf(transaction);
      if (status === 'committed' || status === 'aborted') return status === 'committed';
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_PAUSE_MS);
    }
    throw new HashpoolError(
      'outcome-unknown',
      'the connection to PostgreSQL was lost during a commit, which may or may not have happened: ask how things stand before trying again',
      { cause },
    );
  }

  #statusOf(transaction: string): string | null | undefined {
    try {
      return this.#run([{ text: `SELECT pg_xact_status('${transaction}')` }])[0]?.rows[0]?.[0];
    } catch (error) {
      if (isLost(error)) return undefined;
      throw error;
    }
  }
}

function isLost(error: unknown): boolean {
  return isHashpoolError(error, 'store-unavailable');
}

/** Ends the transaction, whatever else was in it. */
function isFatal(error: unknown): boolean {
  return isHashpoolError(error, 'store-unavailable', 'store-conflict');
}

/** Which statement it was of those that were sent together. */
function failedAt(error: unknown): number {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof LinkError ? cause.failure.index : 0;
}
