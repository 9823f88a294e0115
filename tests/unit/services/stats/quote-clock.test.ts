import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuoteClock } from '../../../../services/stats/client/quote-clock.ts';

test('shares wait from their commit to the answer, also where an answer covers parts of commits', () => {
  const clock = new QuoteClock(0, { last: 0, at: 0 });
  assert.equal(clock.oldestAt, undefined);
  clock.created(10, 1000);
  clock.created(30, 2000);
  assert.equal(clock.oldestAt, 1000);
  assert.deepEqual(clock.answered(5, 3000), { count: 5, delayMs: 2000 });
  assert.deepEqual(clock.answered(20, 3000), { count: 15, delayMs: Math.round((5 * 2000 + 10 * 1000) / 15) });
  assert.equal(clock.oldestAt, 2000);
  assert.deepEqual(clock.answered(20, 9000), { count: 0, delayMs: 0 });
  assert.deepEqual(clock.answered(30, 4000), { count: 10, delayMs: 2000 });
  assert.equal(clock.oldestAt, undefined);
});

test('what an earlier run left is counted from the start, and waiting commits are bounded', () => {
  const clock = new QuoteClock(100, { last: 105, at: 500 });
  assert.deepEqual(clock.answered(105, 600), { count: 5, delayMs: 100 });
  for (let i = 1; i <= 20_000; i++) clock.created(105 + i, 1000);
  assert.deepEqual(clock.answered(20_105, 1500), { count: 20_000, delayMs: 500 });
});
