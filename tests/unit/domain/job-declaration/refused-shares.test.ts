import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusedShares } from '../../../../domain/job-declaration/refused-shares.ts';

/** Whether any of so many refusals, one a second, is one too many. */
function isLeft(shares: RefusedShares, count: number, code: string, from = 0): boolean {
  return Array.from({ length: count }, (_, i) => shares.refused(code, from + 1000 * i)).includes(true);
}

test('a pool that refuses all shares of its jobs for twenty seconds is one to leave', () => {
  const shares = new RefusedShares();
  assert.equal(isLeft(shares, 20, 'invalid-share'), false);
  assert.equal(shares.refused('invalid-job-id', 20_000), true);
  assert.equal(shares.refused('invalid-share', 21_000), false, 'counting begins anew');
});

test('many at once are an accident, and so are a few in a long time', () => {
  const burst = new RefusedShares();
  for (let i = 0; i < 1000; i++) assert.equal(burst.refused('difficulty-too-low', i), false);
  const rare = new RefusedShares();
  for (let i = 0; i < 9; i++) assert.equal(rare.refused('invalid-share', i * 3_600_000), false);
});

test('one that is accepted in between shows that the pool pays', () => {
  const shares = new RefusedShares();
  for (let round = 0; round < 10; round++) {
    assert.equal(isLeft(shares, 19, 'invalid-share', round * 20_000), false);
    shares.accepted();
  }
});

test('tips that are gone, and shares that were handed in before, are no reason, however many', () => {
  const shares = new RefusedShares();
  for (const code of ['stale-share', 'duplicate-share']) assert.equal(isLeft(shares, 1000, code), false);
});
