import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { powerTarget } from '../../../protocols/bitcoin/target.ts';
import {
  difficultyOfTarget,
  hashBitsOfDifficulty,
  MAX_DIFFICULTY_BITS,
  powerDifficulty,
  targetOfDifficulty,
} from '../../../protocols/sv1/difficulty.ts';

/** Target of difficulty 1. */
const ONE = 0xffffn << 208n;

test('2^(k-32) is an integer from 32 on and an exact fraction below', () => {
  const expected: [number, string][] = [
    [32, '1'],
    [33, '2'],
    [44, '4096'],
    [90, '288230376151711744'],
    [31, '0.5'],
    [20, '0.000244140625'],
    [0, '0.00000000023283064365386962890625'],
  ];
  for (const [k, text] of expected) {
    assert.equal(powerDifficulty(k), text);
    assert.equal(Number(JSON.parse(text)), 2 ** (k - 32), 'JSON carries it without loss');
  }
});

test('a share that meets the difficulty sent always meets the target, whatever the target', () => {
  // Above 2^171 the difficulty is an integer that JSON's numbers hold exactly.
  const targets = fc.bigInt({ min: 1n << 171n, max: (1n << 256n) - 1n });
  fc.assert(
    fc.property(targets, (target) => targetOfDifficulty(Number(difficultyOfTarget(target))) <= target),
  );
});

test("a power's difficulty is harder than its target by a 65,536th and no more", () => {
  for (let k = 0; k <= 96; k++) {
    const sent = targetOfDifficulty(Number(difficultyOfTarget(powerTarget(k))));
    const ours = powerTarget(k) + 1n;
    assert.ok(sent < ours && ours - sent <= ours / 65536n + 1n, `k = ${k}`);
  }
});

test("a foreign pool's target becomes the next harder integer", () => {
  assert.equal(difficultyOfTarget(ONE / 1000n), '1001');
  assert.equal(difficultyOfTarget(ONE / 1000n + 1n), '1000');
  assert.equal(difficultyOfTarget(1n << 240n), powerDifficulty(16));
});

test('a suggested difficulty is rounded to the easier power; nonsense is none', () => {
  assert.equal(hashBitsOfDifficulty(1), 32);
  assert.equal(hashBitsOfDifficulty(1000), 41);
  assert.equal(hashBitsOfDifficulty(0.00015), 19);
  assert.equal(hashBitsOfDifficulty(1e-30), 0);
  assert.equal(hashBitsOfDifficulty(1e300), MAX_DIFFICULTY_BITS);
  for (const nonsense of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(hashBitsOfDifficulty(nonsense), undefined);
  }
});
