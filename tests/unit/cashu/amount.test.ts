import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../../protocols/bytes.ts';
import { amountOf, exponentOf, minimalBytes, splitAmount, sumOf } from '../../../protocols/cashu/amount.ts';

test('powers of two from 1 to 2^62 are amounts, nothing else is', () => {
  for (let exponent = 0; exponent <= 62; exponent++) {
    assert.equal(exponentOf(amountOf(exponent)), exponent);
    if (exponent < 53) assert.equal(exponentOf(2 ** exponent), exponent);
  }
  for (const bad of [0, -1, 3, 1.5, Number.NaN, 2 ** 53, 0n, -4n, 6n, 1n << 63n, 1n << 200n]) {
    assert.equal(exponentOf(bad), undefined, String(bad));
  }
});

test('an amount is the sum of its parts, each power once', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (amount) => {
      const parts = splitAmount(amount);
      assert.equal(sumOf(parts), amount);
      assert.equal(new Set(parts).size, parts.length);
      assert.deepEqual(
        parts,
        parts.toSorted((a, b) => a - b),
      );
    }),
  );
});

test('bytes of an amount have no leading zero', () => {
  const cases: [bigint, string][] = [
    [0n, ''],
    [1n, '01'],
    [255n, 'ff'],
    [256n, '0100'],
    [1n << 62n, '4000000000000000'],
  ];
  for (const [amount, hex] of cases) assert.equal(toHex(minimalBytes(amount)), hex);
});
