import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sharedDifficulty } from '../../../../domain/job-declaration/shared-difficulty.ts';

const miner = (k: number, clientFloor = 0, miners = 1) => ({ k, isProven: true, clientFloor, miners });

test('the average miner finds as many shares as are wanted', () => {
  assert.deepEqual(sharedDifficulty([miner(40)], 6), { exponent: 40, miners: 1, hashRate: 2 ** 40 / 10 });
  assert.equal(sharedDifficulty([miner(40), miner(40), miner(41)], 6).exponent, 40);
  assert.equal(sharedDifficulty([miner(40, 40, 16), miner(41)], 6).miners, 17);
});

test('the largest finds eight times as many at most, and no client is given more than it allows', () => {
  const small = Array.from({ length: 100 }, () => miner(30));
  assert.equal(sharedDifficulty([...small, miner(40)], 6).exponent, 37);
  assert.equal(sharedDifficulty([...small, miner(30, 32)], 6).exponent, 32);
  assert.equal(sharedDifficulty([miner(30), miner(30, 60)], 6).exponent, 31, 'all of them still find enough');
});

test('a channel on which nobody mines is no reason to make shares harder', () => {
  const idle = { ...miner(40), isProven: false };
  assert.equal(sharedDifficulty([idle, miner(20)], 6).exponent, 20);
  assert.equal(sharedDifficulty([idle, { ...miner(20), isProven: false }], 6).exponent, 20);
  assert.equal(sharedDifficulty([idle], 6).exponent, 40);
});

test('without miners the pool says what the difficulty is', () => {
  assert.deepEqual(sharedDifficulty([], 6), { exponent: 0, miners: 1, hashRate: 0 });
});

test('it lies between what the smallest and what all together ask for', () => {
  const wish = fc.record({
    k: fc.integer({ min: 0, max: 62 }),
    isProven: fc.constant(true),
    clientFloor: fc.constant(0),
    miners: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(wish, { minLength: 1, maxLength: 20 }), (wishes) => {
      const { exponent } = sharedDifficulty(wishes, 6);
      const ks = wishes.map(({ k }) => k);
      assert(exponent >= Math.min(...ks) && exponent <= Math.max(...ks));
      assert(exponent >= Math.max(...ks) - 3);
    }),
  );
});
