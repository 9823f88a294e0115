import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientRange, DifficultyLimits } from '../../../../domain/vardiff/difficulty-limits.ts';
import { DifficultyMemory, REMEMBERED_MS } from '../../../../domain/vardiff/difficulty-memory.ts';

describe('the memory of proven exponents', () => {
  it('lasts a day from the last note', () => {
    const memory = new DifficultyMemory();
    memory.note('rig', 40, 0);
    assert.equal(memory.recall('rig', REMEMBERED_MS - 1), 40);
    memory.note('rig', 41, 1_000);
    assert.equal(memory.recall('rig', REMEMBERED_MS), 41);
    assert.equal(memory.recall('rig', REMEMBERED_MS + 1_000), undefined);
    assert.equal(memory.recall('other', 0), undefined);
  });

  it('forgets whoever was noted longest ago where it is full', () => {
    const memory = new DifficultyMemory(2);
    memory.note('a', 1, 0);
    memory.note('b', 2, 1);
    memory.note('a', 3, 2);
    memory.note('c', 4, 3);
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => memory.recall(name, 4)),
      [3, undefined, 4],
    );
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
