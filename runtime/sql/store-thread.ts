import { parentPort, workerData } from 'node:worker_threads';
import { isHashpoolError } from '../../protocols/errors.ts';
import { type Answer, type Call, type Tasks, toPlainError } from '../workers/channel.ts';
import { type Database, inTransaction, type Schema } from './database.ts';
import { openPlace } from './open.ts';

/** The thread behind `openStore`: one transaction for each batch of calls, one savepoint for each call. */
const port = parentPort;
if (!port) throw new Error('runtime/sql/store-thread.ts runs in a worker thread only');

interface StoreModule {
  readonly schema: Schema;
  operations(db: Database, data: unknown): Tasks;
}

/** An operation that throws takes back its own writes and nobody else's. */
function run(db: Database, operations: Tasks, { name, input }: Call): Answer {
  db.exec('SAVEPOINT operation');
  try {
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

/** All calls in one transaction. What conflicts with another process's is run once more, alone, which can't conflict. */
function runAll(db: Database, operations: Tasks, calls: readonly Call[]): Answer[] {
  const work = () => calls.map((call) => run(db, operations, call));
  try {
    try {
      return inTransaction(db, work);
    } catch (error) {
      if (!isHashpoolError(error, 'store-conflict')) throw error;
      return inTransaction(db, work, 'EXCLUSIVE');
    }
  } catch (error) {
    return calls.map(() => ({ error: toPlainError(error) }));
  }
}

try {
  const { module, path, data } = workerData as { module: string; path: string; data: unknown };
  const store = (await import(module)) as StoreModule;
  const db = openPlace(path, store.schema);
  const operations = store.operations(db, data);
  port.on('message', (message: readonly Call[] | 'close') => {
    if (message !== 'close') {
      port.postMessage(runAll(db, operations, message));
      return;
    }
    db.close();
    port.close();
  });
  port.postMessage({ started: true });
} catch (error) {
  port.postMessage({ failed: toPlainError(error) });
}
