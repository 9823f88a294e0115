import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateOf } from '../../../../domain/epochs/estimate.ts';

test('ehash of an open epoch is worth what past epochs paid for its hashes, by their mean, their worst and their best', () => {
  const past = [
    { payableSats: 1_000n, work: 100n, minimumDifficulty: 4 },
    { payableSats: 1_000n, work: 25n, minimumDifficulty: 4 },
    { payableSats: 1_000n, work: 3_000n, minimumDifficulty: 0 },
    { payableSats: 7n, work: 0n, minimumDifficulty: 4 },
  ];
  // 16 hashes of it; 1,000 sats came for 1,600, 400 and 3,000 hashes.
  assert.deepEqual(estimateOf(1n, 4, past), { sats: 9n, low: 5n, high: 40n, epochs: 3 });
  assert.deepEqual(estimateOf(16n, 0, past), { sats: 9n, low: 5n, high: 40n, epochs: 3 });
  assert.deepEqual(estimateOf(0n, 4, past), { sats: 0n, low: 0n, high: 0n, epochs: 3 });
});

test('where no epoch has paid anything nothing is estimated', () => {
  assert.equal(estimateOf(5n, 4, []), undefined);
  assert.equal(estimateOf(5n, 4, [{ payableSats: 7n, work: 0n, minimumDifficulty: 4 }]), undefined);
});
