import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzSv2 } from '../../fuzz/sv2.ts';

test('200000 broken inputs: every decoder takes or refuses them in words, and takes some and refuses some', () => {
  for (const [name, [taken, refused]] of fuzzSv2({ inputs: 200_000, seed: 1 })) {
    assert.ok(refused > 0, `${name} refused nothing`);
    if (name !== 'authority keys') assert.ok(taken > 0, `${name} took nothing`);
  }
});
