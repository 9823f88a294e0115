import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Pulse } from '../../../../services/mining-client/pulse.ts';

/** A pulse that beats only when the test says so; what it did, by the milliseconds since its start. */
function pulse(t: TestContext, limitMs = 3000) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const told: string[] = [];
  const watch = new Pulse({ limitMs, ask: () => told.push('ask'), silent: () => told.push('silent') }, 0);
  t.after(() => watch.stop());
  /** Beats every half second from the one time to the other. */
  const beat = (from: number, to: number) => {
    for (let at = from; at <= to; at += 500) watch.beat(at);
  };
  return { watch, told, beat };
}

test('a pool that says nothing is asked for a sign of life, and given up when none comes', (t) => {
  const { told, beat } = pulse(t);
  beat(500, 500);
  assert.deepEqual(told, []);
  beat(1000, 2500);
  assert.deepEqual(told, ['ask', 'ask', 'ask', 'ask']);
  beat(3000, 3000);
  assert.equal(told.at(-1), 'silent');
});

test('one that is given up late is asked after two seconds all the same', (t) => {
  const { told, beat } = pulse(t, 30_000);
  beat(500, 1500);
  assert.deepEqual(told, []);
  beat(2000, 2000);
  assert.deepEqual(told, ['ask']);
});

test('whatever comes from the pool is a sign of life', (t) => {
  const { watch, told, beat } = pulse(t);
  beat(500, 500);
  watch.heard(999);
  beat(1000, 1500);
  assert.deepEqual(told, []);
  beat(2000, 2000);
  assert.deepEqual(told, ['ask'], 'the silence counts from what was heard');
});

test('where this process stood still, the pool is not to blame', (t) => {
  const { told, beat } = pulse(t);
  beat(500, 500);
  beat(60_000, 60_000);
  assert.deepEqual(told, []);
  beat(60_500, 62_000);
  assert.ok(told.length > 0 && told.every((what) => what === 'ask'));
  beat(62_500, 62_500);
  assert.equal(told.at(-1), 'silent');
});

test('a pool that is silent is given up though this process stands still again and again', (t) => {
  const { watch, told, beat } = pulse(t);
  beat(500, 2500);
  beat(60_000, 60_000);
  beat(120_000, 120_000);
  assert.ok(told.every((what) => what === 'ask'));
  beat(120_500, 120_500);
  assert.equal(told.at(-1), 'silent');
  watch.heard(121_000);
  beat(180_000, 180_500);
  assert.equal(told.at(-1), 'silent', 'what was heard since the last beat is not set into the future');
  beat(181_000, 181_000);
  assert.equal(told.at(-1), 'ask');
});
