import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockOf, type DeclaredBlock, solvedBy } from '../../../../domain/job-declaration/declared-block.ts';
import { meetsTargetLe, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { fromHex } from '../../../../protocols/bytes.ts';

const declared: DeclaredBlock = {
  coinbase: {
    prefix: fromHex(`0200000001${'00'.repeat(32)}ffffffff04`),
    suffix: fromHex('feffffff0000000000'),
  },
  extranonceLength: 4,
  transactions: [fromHex('aabb')],
  merklePath: [new Uint8Array(32).fill(7)],
  prevHashLe: new Uint8Array(32).fill(9),
  bits: 0x1f00ffff,
  height: 5,
  time: 1_800_000_000,
};

/** A solution of the 65,536th part of all hashes. */
function solution(extranonce: Uint8Array) {
  for (let nonce = 0; ; nonce++) {
    const found = { extranonce, version: 0x20000000, time: declared.time + 3, nonce };
    const target = targetToLeBytes(0xffffn << 224n);
    if (meetsTargetLe(blockOf(declared, found).hashLe, target)) return found;
  }
}

test('a solution is found in either order of time and nonce', () => {
  const found = solution(fromHex('01020304'));
  const block = solvedBy(declared, found);
  assert.deepEqual(block, blockOf(declared, found));
  const { time, nonce } = found;
  assert.deepEqual(solvedBy(declared, { ...found, time: nonce, nonce: time }), block);
  assert.deepEqual(block?.bytes.subarray(-2), fromHex('aabb'));
});

test('what is no solution makes no block', () => {
  const found = solution(fromHex('01020304'));
  assert.equal(solvedBy(declared, { ...found, nonce: found.nonce + 1 }), undefined);
  assert.equal(solvedBy(declared, { ...found, extranonce: fromHex('010203') }), undefined);
  assert.equal(solvedBy({ ...declared, prevHashLe: new Uint8Array(32) }, found), undefined);
});

test('where both orders meet an easy target, the clock tells time from nonce', () => {
  const easy = { ...declared, bits: 0x207fffff };
  for (let nonce = 0, both = 0; both < 3; nonce++) {
    const right = { extranonce: fromHex('00000000'), version: 2, time: declared.time, nonce };
    const wrong = { ...right, time: nonce, nonce: declared.time };
    const target = targetToLeBytes(0x7fffffn << 232n);
    const areBoth = [right, wrong].every((each) => meetsTargetLe(blockOf(easy, each).hashLe, target));
    if (!areBoth) continue;
    both++;
    assert.deepEqual(solvedBy(easy, wrong), blockOf(easy, right));
    assert.deepEqual(solvedBy(easy, right), blockOf(easy, right));
  }
});
