import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isSpreadEvenly } from '../../../../commands/audit/uniformity.ts';

/** Hashes of `k` zero bits, the part of the target given by the two bytes behind them. */
function hashes(count: number, k: number, partOf: () => number) {
  return Array.from({ length: count }, () => {
    const hashLe = Uint8Array.from(randomBytes(32));
    const part = partOf();
    hashLe.fill(0, 32 - k / 8);
    hashLe[31 - k / 8] = part >> 8;
    hashLe[30 - k / 8] = part & 255;
    return { hashLe, k };
  });
}

test('hashes of honest work are spread evenly, also of several difficulties', () => {
  const even = () => randomBytes(2).readUInt16BE();
  for (let i = 0; i < 50; i++) {
    assert.ok(isSpreadEvenly([...hashes(60, 8, even), ...hashes(40, 16, even)]));
  }
});

test('hashes of which the best were kept back, or only good ones counted, are not', () => {
  assert.ok(!isSpreadEvenly(hashes(100, 8, () => 0x8000 | (randomBytes(2).readUInt16BE() >> 1))));
  assert.ok(!isSpreadEvenly(hashes(100, 16, () => randomBytes(2).readUInt16BE() >> 1)));
  assert.ok(!isSpreadEvenly(hashes(100, 16, () => 0x1234)));
});

test('of few hashes nothing is said', () => {
  assert.ok(isSpreadEvenly(hashes(19, 8, () => 0)));
  assert.ok(isSpreadEvenly([]));
});
