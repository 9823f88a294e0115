import { workerData } from 'node:worker_threads';
import pg from 'pg';
import { messageOf } from '../../../protocols/errors.ts';
import type { Asked, ConnectionData, Failure, Reply, Result, Sent } from './messages.ts';

/**
 * The thread that holds one connection to PostgreSQL. What it is asked comes in one message and goes out in one
 * piece; the first reply says whether it is connected. It ends with its connection.
 */
const CONNECT_MS = 5_000;

/** Answers come after the commit is on the disk. */
const SETTINGS = ['synchronous_commit=on', 'jit=off'];
/**
 * Who stands still in a transaction loses it with its connection, and who waits for a lock gives up before callers do.
 * All that a writer looks for is found by an index: a small table that is read whole would conflict with all who write it.
 */
const OF_WRITERS = ['lock_timeout=10s', 'idle_in_transaction_session_timeout=20s', 'enable_seqscan=off'];
const OF_READERS = ['default_transaction_read_only=on'];

const { url, isReadOnly, port, replies } = workerData as ConnectionData;
const client = new pg.Client({
  connectionString: url,
  application_name: 'hashpool',
  options: [...SETTINGS, ...(isReadOnly ? OF_READERS : OF_WRITERS)].map((each) => `-c ${each}`).join(' '),
  connectionTimeoutMillis: CONNECT_MS,
  keepAlive: true,
  pipeline: true,
  // Columns stay text here; who asked for them knows what they are to become.
  types: { getTypeParser: () => (text: string | Buffer) => text },
});
let lost: string | undefined;
client.on('error', (error) => {
  lost ??= error.message;
});
client.on('end', () => {
  lost ??= 'the connection has ended';
});

function reply(message: Reply): void {
  port.postMessage(message);
  Atomics.add(replies, 0, 1);
  Atomics.notify(replies, 0);
}

async function run({ text, name, values }: Sent): Promise<Result> {
  const answer = await client.query<(string | null)[]>({
    text,
    rowMode: 'array',
    ...(name && { name }),
    ...(values && { values: [...values] }),
  });
  // Several statements in one text give a list of results.
  const { command, rowCount, fields, rows } = [answer].flat().at(-1) ?? answer;
  const columns = fields.map((field) => ({ name: field.name, type: field.dataTypeID }));
  return { command, written: rowCount ?? 0, columns, rows };
}

async function runAll(sent: readonly Sent[]): Promise<Reply> {
  const results: Result[] = [];
  let failure: Failure | undefined;
  for (const [i, outcome] of (await Promise.allSettled(sent.map(run))).entries()) {
    if (outcome.status === 'fulfilled') results.push(outcome.value);
    else failure ??= failureOf(outcome.reason, i);
  }
  return failure ? { failure } : { results };
}

function failureOf(error: unknown, index: number): Failure {
  const state = error instanceof pg.DatabaseError ? error.code : undefined;
  const severity = error instanceof pg.DatabaseError ? error.severity : undefined;
  const isLost = lost !== undefined || state === undefined || severity === 'FATAL' || severity === 'PANIC';
  return { state, message: messageOf(error), index, isLost };
}

port.on('message', async (asked: Asked) => {
  if (asked !== 'close') return reply(await runAll(asked));
  await client.end();
  port.close();
});

try {
  await client.connect();
  reply({ results: [] });
} catch (error) {
  reply({ failure: failureOf(error, 0) });
  port.close();
}
