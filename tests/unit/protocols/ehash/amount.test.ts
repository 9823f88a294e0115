import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ehashAmount, ehashExponent } from '../../../../protocols/ehash/amount.ts';

/** A hash in header order whose number has exactly `bits` leading zero bits. */
function hashWith(bits: number): Uint8Array {
  const hashLe = new Uint8Array(32);
  if (bits < 256) hashLe[31 - (bits >> 3)] = 0x80 >> (bits & 7);
  return hashLe;
}

const exponent = fc.integer({ min: 0, max: 255 });

describe('ehash amounts', () => {
  it('pays the work that a target proves, whatever the hash shows', () => {
    assert.equal(ehashAmount('target', 24, 40, hashWith(90)), 1n << 16n);
    assert.equal(ehashAmount('target', 0, 0, hashWith(0)), 1n);
    assert.equal(ehashAmount('target', 24, 23, hashWith(90)), 0n);
  });

  it('pays what the hash shows under policy hash', () => {
    assert.equal(ehashAmount('hash', 24, 40, hashWith(44)), 1n << 20n);
    assert.equal(ehashAmount('hash', 24, 40, hashWith(23)), 0n);
    assert.equal(ehashExponent('hash', 24, 24, hashWith(23)), undefined);
  });

  it('never passes 2^62', () => {
    assert.equal(ehashAmount('target', 0, 62, hashWith(0)), 1n << 62n);
    assert.equal(ehashAmount('target', 0, 255, hashWith(0)), 1n << 62n);
    assert.equal(ehashAmount('hash', 0, 1, hashWith(256)), 1n << 62n);
  });

  it('doubles with each exponent', () => {
    fc.assert(
      fc.property(exponent, fc.integer({ min: 0, max: 61 }), (minimum, step) => {
        fc.pre(minimum + step < 255);
        const amount = ehashAmount('target', minimum, minimum + step, hashWith(0));
        assert.equal(ehashAmount('target', minimum, minimum + step + 1, hashWith(0)), 2n * amount);
      }),
    );
  });

  it('refuses what is no exponent', () => {
    for (const bad of [-1, 256, 1.5, Number.NaN]) {
      assert.throws(() => ehashAmount('target', bad, 30, hashWith(0)), { code: 'bad-difficulty' });
      assert.throws(() => ehashAmount('hash', 0, bad, hashWith(0)), { code: 'bad-difficulty' });
    }
  });
});
