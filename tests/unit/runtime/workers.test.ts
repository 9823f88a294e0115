import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorkers } from '../../../runtime/workers/pool.ts';
import type { start } from './fixtures/echo-worker.ts';

type Echo = Awaited<ReturnType<typeof start>>;
const module = new URL('./fixtures/echo-worker.ts', import.meta.url);
const open = (data: object, size = 2) => openWorkers<Echo>({ module, data, size, name: 'echo' });

test('tasks answer in any thread, with what start was given', async () => {
  const workers = await open({ greeting: 'hello' });
  const names = Array.from({ length: 500 }, (_, i) => `n${i}`);
  const answers = await Promise.all(names.map((name) => workers.call('greet', name)));
  assert.deepEqual(
    answers,
    names.map((name) => `hello ${name}`),
  );
  assert.equal(await workers.call('later', 41n), 42n);
  assert.equal(workers.queued, 0);
  await workers.close();
});

test('an error keeps its code and hurts no other call', async () => {
  const workers = await open({ greeting: 'hi' }, 1);
  const [bad, good] = await Promise.allSettled([workers.call('refuse', 'x'), workers.call('greet', 'y')]);
  assert.equal(bad.status === 'rejected' && bad.reason.code, 'refused');
  assert.equal(good.status === 'fulfilled' && good.value, 'hi y');
  await workers.close();
  await assert.rejects(workers.call('greet', 'late'), { code: 'worker-closed' });
});

test('close lets what was asked finish', async () => {
  const workers = await open({ greeting: 'hi' }, 1);
  const asked = Promise.all(Array.from({ length: 200 }, () => workers.call('greet', 'x')));
  await workers.close();
  assert.equal((await asked).length, 200);
});

test("a start that throws is the caller's error", async () => {
  await assert.rejects(open({ greeting: '', refuse: true }), { code: 'no-start' });
});

test('a thread that dies rejects what it had in hand', async () => {
  const workers = await open({ greeting: 'hi' }, 1);
  await assert.rejects(workers.call('die', null), { code: 'worker-died' });
  assert.equal((await workers.died).code, 'worker-died');
});
