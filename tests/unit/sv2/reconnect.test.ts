import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashpoolError } from '../../../protocols/errors.ts';
import { type Endable, type ReconnectOptions, reconnecting } from '../../../runtime/sv2/reconnect.ts';
import { rememberingLog, workers } from './loopback.ts';

// Nothing here shakes hands.
await workers.close();

/** Runs the loop through a list of outcomes; the clock moves only by waits and by the lives of connections. */
async function run(outcomes: (string | { lasts: number })[], random = () => 1) {
  const log = rememberingLog();
  const controller = new AbortController();
  const waits: number[] = [];
  const statuses: string[] = [];
  let now = 0;
  let attempt = 0;
  const options: ReconnectOptions<Endable> = {
    name: 'pool',
    log,
    signal: controller.signal,
    random,
    clock: () => now,
    backoff: { firstMs: 100, maxMs: 1000, steadyMs: 5000 },
    wait: async (ms) => {
      waits.push(ms);
      now += ms;
      if (attempt === outcomes.length) controller.abort();
    },
    connect: async () => {
      const outcome = outcomes[attempt++];
      if (outcome === undefined || typeof outcome === 'string') throw new HashpoolError('x', `${outcome}`);
      const { lasts } = outcome;
      return {
        get closed() {
          now += lasts;
          return Promise.resolve({ reason: 'hung up' });
        },
        close: () => assert.fail('it has ended by itself'),
      };
    },
    onConnected: () => undefined,
    onStatus: (text) => statuses.push(text),
  };
  await reconnecting(options);
  return { waits, lines: log.lines, statuses };
}

test('waits double up to the limit, and the same failure is logged once', async () => {
  const { waits, lines, statuses } = await run([
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'no route',
  ]);
  assert.deepEqual(waits, [100, 200, 400, 800, 1000, 1000]);
  assert.deepEqual(lines, ['pool: refused; trying again', 'pool: no route; trying again']);
  assert.deepEqual([...new Set(statuses)], ['waiting for pool: refused', 'waiting for pool: no route']);
});

test('waits are drawn from their upper half', async () => {
  const { waits } = await run(['a', 'a', 'a'], () => 0);
  assert.deepEqual(waits, [50, 100, 200]);
});

test('a connection that lasted starts the waits anew; one that did not goes on waiting longer', async () => {
  const { waits, lines } = await run([
    'down',
    'down',
    { lasts: 6000 },
    'down',
    { lasts: 10 },
    { lasts: 10 },
    { lasts: 10 },
  ]);
  assert.deepEqual(waits, [100, 200, 100, 200, 400, 800, 1000]);
  assert.deepEqual(lines, [
    'pool: down; trying again',
    'pool: connected again',
    'pool: hung up; trying again',
    'pool: down; trying again',
    'pool: connected again',
    'pool: hung up; trying again',
    'pool: connected again',
  ]);
});

/** A connection that stays up until it is closed. */
function lasting() {
  let end: (closed: { reason: string }) => void = () => undefined;
  const closed = new Promise<{ reason: string }>((resolve) => {
    end = resolve;
  });
  return { closed, close: (reason = 'closed') => end({ reason }) };
}

test('what onConnected throws ends the connection and counts as a failure', async () => {
  const log = rememberingLog();
  const controller = new AbortController();
  const connection = lasting();
  await reconnecting({
    name: 'pool',
    log,
    signal: controller.signal,
    connect: async () => connection,
    onConnected: () => {
      throw new Error('no channel');
    },
    wait: async () => controller.abort(),
  });
  assert.deepEqual(log.lines, ['pool: no channel; trying again']);
  assert.deepEqual(await connection.closed, { reason: 'no channel' });
});

test('an abort closes the connection that is open, or that has just come up', async () => {
  for (const early of [true, false]) {
    const log = rememberingLog();
    const controller = new AbortController();
    const connection = lasting();
    await reconnecting({
      name: 'pool',
      log,
      signal: controller.signal,
      connect: async () => {
        if (early) controller.abort();
        return connection;
      },
      onConnected: () => void setImmediate(() => controller.abort()),
    });
    assert.deepEqual(await connection.closed, { reason: 'stopping' });
    assert.deepEqual(log.lines, []);
  }
});

test('an abort ends the wait at once, without a word', async () => {
  const log = rememberingLog();
  const controller = new AbortController();
  const running = reconnecting({
    name: 'pool',
    log,
    signal: controller.signal,
    connect: async () => {
      setTimeout(() => controller.abort(), 10);
      throw new Error('down');
    },
    onConnected: () => undefined,
    backoff: { firstMs: 60_000, maxMs: 60_000 },
  });
  await running;
  assert.deepEqual(log.lines, ['pool: down; trying again']);
});
