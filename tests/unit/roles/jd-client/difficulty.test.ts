import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DifficultyWish } from '../../../../domain/job-declaration/shared-difficulty.ts';
import { exponentAtMost, leBytesToTarget } from '../../../../protocols/bitcoin/target.ts';
import { Difficulty } from '../../../../roles/jd-client/difficulty.ts';

const LOOK_MS = 2_000;

function scene(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const told: number[] = [];
  let isWaiting = false;
  let wishes: DifficultyWish[] = [];
  const difficulty = new Difficulty({
    server: { wishes: () => wishes },
    sharesPerMinute: 6,
    isWaiting: () => isWaiting,
    tell: ({ maximumTargetLe }) => void told.push(exponentAtMost(leBytesToTarget(maximumTargetLe))),
  });
  t.after(() => difficulty.close());
  const look = (k: number, waits: boolean): readonly number[] => {
    wishes = [{ miners: 1, k, isProven: true, clientFloor: 0 }];
    isWaiting = waits;
    t.mock.timers.tick(LOOK_MS);
    return told;
  };
  return { look };
}

test('a pool is told once what the miners need', (t) => {
  const { look } = scene(t);
  look(8, false);
  assert.deepEqual(look(8, false), [8]);
  assert.deepEqual(look(5, false), [8, 5]);
});

test('nothing is made harder while a job waits, whose shares are found for what was told', (t) => {
  const { look } = scene(t);
  assert.deepEqual(look(8, false), [8]);
  assert.deepEqual(look(11, true), [8]);
  assert.deepEqual(look(11, false), [8, 11]);
  assert.deepEqual(look(5, true), [8, 11, 5]);
});
