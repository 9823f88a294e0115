import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addWork,
  hashesPerSecond,
  isBetterHash,
  luckOf,
  NO_WORK,
  relativeError,
  workOfShares,
} from '../../../../domain/stats/hashrate.ts';

test('work is exact, also beyond what a number can hold', () => {
  const sum = addWork(workOfShares(200, 3), workOfShares(0, 1));
  assert.equal(sum.work, (3n << 200n) + 1n);
  assert.equal(sum.shares, 4);
  assert.equal(hashesPerSecond(600n << 32n, 600), 2 ** 32);
});

test('the error of n shares alike is one over the root of n, and one large share decides', () => {
  const of = (work: ReturnType<typeof workOfShares>) => relativeError(work) ?? Number.NaN;
  assert.equal(relativeError(NO_WORK), undefined);
  assert.ok(Math.abs(of(workOfShares(40, 100)) - 0.1) < 1e-12);
  assert.ok(of(addWork(workOfShares(50, 1), workOfShares(20, 10_000))) > 0.98);
});

test("a share's luck is what its own hash stands for", () => {
  const hashLe = new Uint8Array(32);
  hashLe[27] = 1;
  assert.equal(luckOf(hashLe), (1n << 256n) / ((1n << 216n) + 1n));
  assert.ok(isBetterHash(new Uint8Array(32), hashLe));
  assert.ok(!isBetterHash(hashLe, hashLe));
});
