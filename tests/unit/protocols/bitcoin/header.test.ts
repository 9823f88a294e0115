import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHeader, encodeHeader, headerHashLe } from '../../../../protocols/bitcoin/header.ts';
import { compactToTarget, meetsTargetLe, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex } from '../../../../protocols/bytes.ts';

/** Mainnet blocks 0 and 125552: header fields as explorers show them, and the hash. */
const blocks = [
  {
    version: 1,
    prevHash: '00'.repeat(32),
    merkleRoot: '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
    time: 1231006505,
    bits: 0x1d00ffff,
    nonce: 2083236893,
    hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  },
  {
    version: 1,
    prevHash: '00000000000008a3a41b85b8b29ad444def299fee21793cd8b9e567eab02cd81',
    merkleRoot: '2b12fcf1b09288fcaff797d71e950e71ae42b91e8bdb2304758dfcffc2b620e3',
    time: 1305998791,
    bits: 0x1a44b9f2,
    nonce: 2504433986,
    hash: '00000000000000001e8d6829a8a21adc5d38d0a473b144b6765798e61f98bd1d',
  },
];

for (const block of blocks) {
  test(`mainnet header ${block.hash.slice(0, 24)}…`, () => {
    const header = {
      version: block.version,
      prevHashLe: reversed(fromHex(block.prevHash)),
      merkleRootLe: reversed(fromHex(block.merkleRoot)),
      time: block.time,
      bits: block.bits,
      nonce: block.nonce,
    };
    const hashLe = headerHashLe(header);
    assert.equal(toHex(reversed(hashLe)), block.hash);
    assert.deepEqual(decodeHeader(encodeHeader(header)), header);
    const target = compactToTarget(block.bits);
    assert(meetsTargetLe(hashLe, targetToLeBytes(target)));
    assert(!meetsTargetLe(headerHashLe({ ...header, nonce: 0 }), targetToLeBytes(target)));
  });
}

test('numbers with the top bit set stay unsigned', () => {
  const zero = new Uint8Array(32);
  const header = {
    version: 0xe0000000,
    prevHashLe: zero,
    merkleRootLe: zero,
    time: 0xffffffff,
    bits: 0xffffffff,
    nonce: 0x80000001,
  };
  assert.deepEqual(decodeHeader(encodeHeader(header)), header);
});

test('a header of another length is refused', () => {
  for (const length of [0, 79, 81]) {
    assert.throws(() => decodeHeader(new Uint8Array(length)), { code: 'bad-header' });
  }
});
