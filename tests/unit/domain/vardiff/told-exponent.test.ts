import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldExponent } from '../../../../domain/vardiff/difficulty-limits.ts';

test('without an upstream a channel has its own exponent', () => {
  assert.equal(toldExponent(20, undefined, 0), 20);
});

test('harder shares than count are eased to what counts, by three powers at most and not below the floor', () => {
  for (const isLeast of [false, true]) {
    assert.equal(toldExponent(20, { exponent: 18, isLeast }, 0), 18);
    assert.equal(toldExponent(20, { exponent: 10, isLeast }, 0), 17);
    assert.equal(toldExponent(20, { exponent: 18, isLeast }, 19), 19);
  }
});

test('easier shares than are taken are told to nobody; where they are taken, they stay', () => {
  assert.equal(toldExponent(20, { exponent: 25, isLeast: false }, 0), 20);
  assert.equal(toldExponent(20, { exponent: 25, isLeast: true }, 0), 25);
  assert.equal(toldExponent(20, { exponent: 20, isLeast: true }, 0), 20);
});
