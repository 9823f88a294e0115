import { parentPort, workerData } from 'node:worker_threads';
import { isHashpoolError } from '../../protocols/errors.ts';
import { type Answer, type Call, type Tasks, toPlainError } from '../workers/channel.ts';
import { type Database, inTransaction, type Schema } from './database.ts';
import { Journal, type JournalRules } from './journal/journal.ts';
import { isPostgres, openPlace } from './open.ts';

/** The thread behind `openStore`: one transaction for each batch of calls, one savepoint for each call. */
const port = parentPort;
if (!port) throw new Error('runtime/sql/store-thread.ts runs in a worker thread only');

/** What the thread is started with. */
export interface StoreThreadData {
  readonly module: string;
  readonly path: string;
  readonly data: unknown;
  readonly journalFolder: string | undefined;
  readonly readOnly: boolean;
}

interface StoreModule {
  readonly schema: Schema;
  /** Of a store that can be frozen, and whose changes a journal may note. */
  readonly journal?: JournalRules;
  operations(db: Database, data: unknown): Tasks;
}

/** The operations on a connection. */
interface Access {
  readonly db: Database;
  readonly operations: Tasks;
}

interface StoreThread extends Access {
  readonly journal: Journal | undefined;
  readonly readOnly: boolean;
  /** The same on a connection that can't write; left out where no disk of ours can be full. */
  readonly openReader: (() => Access) | undefined;
}

/** An operation that throws takes back its own writes and nobody else's. */
function run({ db, operations }: Access, { name, input }: Call, journal: Journal | undefined): Answer {
  db.exec('SAVEPOINT operation');
  try {
    journal?.checkOpen(name);
    const operation = operations[name];
    if (!operation) throw new Error(`no operation ${name}`);
    const output = operation(input as never);
    db.exec('RELEASE operation');
    return { output };
  } catch (error) {
    // A full disk or an I/O error rolls the whole transaction back: then all of the batch has failed.
    if (!db.isTransaction) throw error;
    db.exec('ROLLBACK TO operation; RELEASE operation');
    return { error: toPlainError(error) };
  }
}

/**
 * All calls in one transaction. What conflicts with another process's is run once more, alone, which can't conflict;
 * and so is at once what a journal notes, for it is written before the commit.
 */
function runAll(store: StoreThread, calls: readonly Call[]): Answer[] {
  const { db, journal, readOnly } = store;
  const work = () => {
    journal?.begin();
    const answers = calls.map((call) => run(store, call, journal));
    journal?.note(calls.filter((_, i) => 'output' in (answers[i] ?? {})));
    return answers;
  };
  try {
    if (readOnly) return inTransaction(db, work, 'READ');
    if (journal?.isKept) return inTransaction(db, work, 'EXCLUSIVE');
    try {
      return inTransaction(db, work);
    } catch (error) {
      if (!isHashpoolError(error, 'store-conflict')) throw error;
      return inTransaction(db, work, 'EXCLUSIVE');
    }
  } catch (error) {
    return answerReaders(store, calls, { error: toPlainError(error) });
  }
}

/** Who only reads is answered also where the rest of the batch can't be written, as on a full disk: from what is committed. */
function answerReaders(
  { openReader, journal }: StoreThread,
  calls: readonly Call[],
  failed: Answer,
): Answer[] {
  if (!openReader) return calls.map(() => failed);
  let db: Database | undefined;
  try {
    const reader = openReader();
    db = reader.db;
    const answers = inTransaction(db, () => calls.map((call) => run(reader, call, journal)), 'READ');
    return answers.map((answer) => ('output' in answer ? answer : failed));
  } catch {
    // What the batch failed with says more than why it can't be read either.
    return calls.map(() => failed);
  } finally {
    db?.close();
  }
}

try {
  const { module, path, data, journalFolder, readOnly } = workerData as StoreThreadData;
  const { schema, journal: rules, operations: operationsOf } = (await import(module)) as StoreModule;
  const db = openPlace(path, schema, { readOnly });
  const operations = operationsOf(db, data);
  const journal =
    rules && !readOnly ? new Journal(db, rules, schema.migrations.length, journalFolder) : undefined;
  journal?.catchUp(operations);
  const readFile = (): Access => {
    const reading = openPlace(path, schema, { readOnly: true });
    return { db: reading, operations: operationsOf(reading, data) };
  };
  const openReader = readOnly || isPostgres(path) ? undefined : readFile;
  const store = { db, operations, journal, readOnly, openReader };
  port.on('message', (message: readonly Call[] | 'close') => {
    if (message !== 'close') {
      port.postMessage(runAll(store, message));
      return;
    }
    journal?.close();
    db.close();
    port.close();
  });
  port.postMessage({ started: true });
} catch (error) {
  port.postMessage({ failed: toPlainError(error) });
}
