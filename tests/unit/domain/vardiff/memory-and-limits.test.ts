import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientRange, DifficultyLimits } from '../../../../domain/vardiff/difficulty-limits.ts';
import { DifficultyMemory, REMEMBERED_MS } from '../../../../domain/vardiff/difficulty-memory.ts';

describe('the memory of proven exponents', () => {
  it('lasts a day from the last note', () => {
    const memory = new DifficultyMemory();
    assert.equal(memory.recall('rig', 1, 0), undefined);
    memory.note('rig', 1, 40, 0);
    assert.equal(memory.recall('rig', 2, REMEMBERED_MS - 1), 40);
    memory.note('rig', 2, 41, REMEMBERED_MS);
    assert.equal(memory.recall('rig', 3, 2 * REMEMBERED_MS - 1), 41);
    assert.equal(memory.recall('rig', 4, 2 * REMEMBERED_MS), undefined);
    assert.equal(memory.recall('other', 5, 0), undefined);
  });

  it('is not of a name that several channels bear at once', () => {
    const memory = new DifficultyMemory();
    memory.recall('farm', 1, 0);
    memory.recall('farm', 2, 0);
    memory.note('farm', 2, 30, 1);
    assert.equal(memory.recall('farm', 3, 2), 30);
    memory.note('farm', 2, 30, 3);
    assert.equal(memory.recall('farm', 4, 4), undefined);
    memory.note('farm', 4, 30, 5);
    assert.equal(memory.recall('farm', 5, 6), undefined);
    assert.equal(memory.recall('farm', 6, 6 + REMEMBERED_MS), undefined);
    memory.note('farm', 6, 31, 7 + REMEMBERED_MS);
    assert.equal(memory.recall('farm', 7, 8 + REMEMBERED_MS), 31);
  });

  it('forgets whoever was heard of longest ago where it is full', () => {
    const memory = new DifficultyMemory(2);
    memory.note('a', 1, 11, 0);
    memory.note('b', 2, 12, 1);
    memory.note('a', 1, 13, 2);
    memory.note('c', 3, 14, 3);
    assert.equal(memory.recall('a', 4, 4), 13);
    assert.equal(memory.recall('c', 5, 4), 14);
    assert.equal(memory.recall('b', 6, 4), undefined);
  });
});

describe('limits of difficulty', () => {
  const paid = { floor: 24, ceiling: 86 };
  const limits = new DifficultyLimits([
    { userIdentity: 'farm', minimumBits: 40, maximumBits: undefined },
    { userIdentity: 'farm.small', minimumBits: 30, maximumBits: 35 },
    { userIdentity: 'beyond', minimumBits: 2, maximumBits: 120 },
  ]);
  const range = (userIdentity: string, clientFloor = 0) =>
    clientRange(paid, clientFloor, limits.find(userIdentity));

  it('hold for one worker, else for all of an account', () => {
    assert.deepEqual(range('farm'), { floor: 40, ceiling: 86 });
    assert.deepEqual(range('farm.large'), { floor: 40, ceiling: 86 });
    assert.deepEqual(range('farm.small'), { floor: 30, ceiling: 35 });
    assert.deepEqual(range('farmer'), paid);
  });

  it('never pass what is paid', () => {
    assert.deepEqual(range('beyond'), paid);
    assert.deepEqual(clientRange({ floor: 38, ceiling: 86 }, 0, limits.find('farm.small')), {
      floor: 38,
      ceiling: 38,
    });
  });

  it("give way to the client's maximum target, which only what is paid can overrule", () => {
    assert.deepEqual(range('farm.small', 33), { floor: 33, ceiling: 35 });
    assert.deepEqual(range('farm.small', 50), { floor: 50, ceiling: 50 });
    const { floor, ceiling } = range('farm.small', 90);
    assert.ok(floor > ceiling);
  });
});
