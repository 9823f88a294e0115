import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compactToTarget,
  difficultyToTarget,
  exponentAtMost,
  leadingZeroBits,
  leBytesToTarget,
  meetsCompact,
  meetsPower,
  meetsTargetLe,
  powerTarget,
  sv1Difficulty,
  targetToCompact,
  targetToDifficulty,
  targetToLeBytes,
} from '../../../../protocols/bitcoin/target.ts';
import { fromHex, reversed } from '../../../../protocols/bytes.ts';

const anyTarget = fc.bigInt({ min: 1n, max: (1n << 256n) - 1n });
const anyExponent = fc.integer({ min: 0, max: 255 });

function decimal({ numerator, denominator }: { numerator: bigint; denominator: bigint }): number {
  return Number((numerator * 1_000_000n) / denominator) / 1e6;
}

/** Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact; and mainnet's first and an old one. */
test('compact bits give their target', () => {
  const vectors: [number, bigint][] = [
    [0x01123456, 0x12n],
    [0x02123456, 0x1234n],
    [0x03123456, 0x123456n],
    [0x04123456, 0x12345600n],
    [0x05009234, 0x92340000n],
    [0x20123456, 0x123456n << 232n],
    [0x1d00ffff, 0xffffn << 208n],
    [0x1b0404cb, 0x0404cbn << 192n],
    [0x207fffff, 0x7fffffn << 232n],
  ];
  for (const [bits, target] of vectors) assert.equal(compactToTarget(bits), target, bits.toString(16));
});

test('compact bits that are zero, negative or above 256 bits are refused', () => {
  for (const bits of [
    0, 0x00123456, 0x01003456, 0x02000056, 0x04000000, 0x04923456, 0x01fedcba, 0xff123456, 0x23000001,
  ]) {
    assert.throws(() => compactToTarget(bits), { code: 'bad-compact-target' }, bits.toString(16));
    assert.equal(meetsCompact(new Uint8Array(32), bits), false, 'and are met by no hash');
  }
});

test('a hash meets the compact bits of its own number, and of no smaller one', () => {
  const hash = targetToLeBytes(0xffffn << 208n);
  assert.equal(meetsCompact(hash, 0x1d00ffff), true);
  assert.equal(meetsCompact(hash, 0x1d00fffe), false);
});

test('a target becomes the compact bits that Bitcoin gives it', () => {
  assert.equal(targetToCompact(0x80n), 0x02008000);
  assert.equal(targetToCompact(0x12345600n), 0x04123456);
  assert.equal(targetToCompact(0x92340000n), 0x05009234);
  assert.equal(targetToCompact(0xffffn << 208n), 0x1d00ffff);
  assert.throws(() => targetToCompact(0n), { code: 'bad-target' });
  fc.assert(
    fc.property(anyTarget, (target) => {
      const rounded = compactToTarget(targetToCompact(target));
      assert(rounded <= target, 'never easier');
      assert.equal(targetToCompact(rounded), targetToCompact(target));
      assert(target - rounded < target / 0x8000n + 1n, 'at most the lost mantissa');
    }),
  );
});

test('a hash meets 2^(256-k)-1 exactly where it has k leading zero bits', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      anyExponent,
      fc.integer({ min: 0, max: 31 }),
      (hash, k, zeros) => {
        hash.fill(0, 32 - zeros);
        const value = leBytesToTarget(hash);
        assert.equal(meetsPower(hash, k), value <= powerTarget(k));
        assert.equal(meetsTargetLe(hash, targetToLeBytes(powerTarget(k))), value <= powerTarget(k));
        assert.equal(leadingZeroBits(hash), value === 0n ? 256 : 256 - value.toString(2).length);
      },
    ),
  );
  const bound = targetToLeBytes(powerTarget(20));
  assert(meetsPower(bound, 20) && !meetsPower(bound, 21));
  assert(!meetsPower(targetToLeBytes(powerTarget(20) + 1n), 20));
});

test('the easiest power at least as hard as a target', () => {
  for (let k = 0; k < 256; k++) assert.equal(exponentAtMost(powerTarget(k)), k);
  fc.assert(
    fc.property(anyTarget, (target) => {
      const k = exponentAtMost(target);
      assert(k === 256 || powerTarget(k) <= target);
      assert(k === 0 || powerTarget(k - 1) > target);
    }),
  );
  assert.throws(() => exponentAtMost(0n), { code: 'bad-target' });
  assert.throws(() => exponentAtMost(1n << 256n), { code: 'bad-target' });
});

test('exponents that are none are refused', () => {
  for (const k of [-1, 256, 1.5, Number.NaN]) {
    assert.throws(() => powerTarget(k), { code: 'bad-target-exponent' });
    assert.throws(() => sv1Difficulty(k), { code: 'bad-target-exponent' });
  }
});

test('SV1 difficulty 2^(k-32) has a target that meets k, harder by a 65,536th', () => {
  assert.deepEqual(sv1Difficulty(32), { numerator: 1n, denominator: 1n });
  assert.deepEqual(sv1Difficulty(45), { numerator: 8192n, denominator: 1n });
  assert.deepEqual(sv1Difficulty(20), { numerator: 1n, denominator: 4096n });
  for (let k = 16; k < 240; k++) {
    const target = difficultyToTarget(sv1Difficulty(k));
    assert.equal(exponentAtMost(target), k + (target === powerTarget(k) ? 0 : 1));
    assert.equal(powerTarget(k) + 1n - target, 1n << BigInt(240 - k));
  }
});

/** The first is SRI's (stratum v1.5.0, roles-logic-sv2 utils); the others are hash rates at shares per minute. */
test('difficulty of known targets', () => {
  const sri = fromHex('0000000000000000000000000000000000000000000000004c86040000000000', 'target', 32);
  assert.equal(decimal(targetToDifficulty(leBytesToTarget(sri))), 14484.162361);
  assert.deepEqual(targetToDifficulty(0xffffn << 208n), { numerator: 1n, denominator: 1n });
  const vectors: [bigint, string, number][] = [
    [
      (10_000_000_000_000n * 60n) / 6n,
      '000000000002d09370d4256b73ff9e7dfb16785f7724e8cbabbaac90ae0eae8c',
      23282.709,
    ],
    [
      (500_000_000_000n * 60n) / 6n,
      '0000000000384b84d092e0a26467c206ab89f8f32ec98afa25572e1e1cc1cb89',
      1164.135,
    ],
    [
      (1_000_000_000_000n * 60n) / 10n,
      '00000000002ee999587a6794d10eca44bede51c6a2b2bd67e2e26d364b99d915',
      1396.963,
    ],
  ];
  for (const [hashes, hex, difficulty] of vectors) {
    const target = ((1n << 256n) - 1n - hashes) / (hashes + 1n);
    assert.equal(target, leBytesToTarget(reversed(fromHex(hex))));
    assert(Math.abs(decimal(targetToDifficulty(target)) - difficulty) < 0.001);
  }
});

test('little-endian bytes and back', () => {
  fc.assert(
    fc.property(anyTarget, (target) => assert.equal(leBytesToTarget(targetToLeBytes(target)), target)),
  );
});
