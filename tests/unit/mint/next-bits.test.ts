import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areBitsRight, periodStart } from '../../../roles/mint/chain/next-bits.ts';

test('mainnet: bits stay within a period', () => {
  const parent = { height: 100_000, time: 1_293_623_863, bits: 0x1b04864c };
  assert.equal(periodStart('mainnet', parent.height), undefined);
  assert.ok(areBitsRight('mainnet', parent, undefined, 0x1b04864c));
  assert.ok(!areBitsRight('mainnet', parent, undefined, 0x1d00ffff));
});

test('mainnet: the retargets of blocks 32256 and 68544, the latter against the limit of a quarter', () => {
  // From the chain: first block of the period, its last, and the bits of the block after it (bitcoind's pow_tests.cpp).
  const cases = [
    {
      first: 1_261_130_161,
      last: { height: 32_255, time: 1_262_152_739, bits: 0x1d00ffff },
      next: 0x1d00d86a,
    },
    {
      first: 1_279_008_237,
      last: { height: 68_543, time: 1_279_297_671, bits: 0x1c05a3f4 },
      next: 0x1c0168fd,
    },
    {
      first: 1_231_006_505,
      last: { height: 2_015, time: 1_233_061_996, bits: 0x1d00ffff },
      next: 0x1d00ffff,
    },
    {
      first: 1_263_163_443,
      last: { height: 46_367, time: 1_269_211_443, bits: 0x1c387f6f },
      next: 0x1d00e1fd,
    },
  ];
  for (const { first, last, next } of cases) {
    assert.equal(periodStart('mainnet', last.height), last.height - 2015);
    const start = { time: first, bits: last.bits };
    assert.ok(areBitsRight('mainnet', last, start, next), `${last.height}`);
    assert.ok(!areBitsRight('mainnet', last, start, next + 1));
  }
});

test("testnet4: the lowest difficulty or the period's own, whenever the miner has rolled the time to", () => {
  const parent = { height: 50_000, time: 1_730_000_000, bits: 0x1d00ffff };
  const start = { time: 1_729_000_000, bits: 0x1904ac17 };
  assert.equal(periodStart('testnet4', parent.height), 48_384);
  assert.ok(areBitsRight('testnet4', parent, start, 0x1904ac17));
  assert.ok(areBitsRight('testnet4', parent, start, 0x1d00ffff));
  assert.ok(!areBitsRight('testnet4', parent, start, 0x1c00ffff));
});

test('testnet4: a period is retargeted from its first block (BIP94)', () => {
  const last = { height: 2_015, time: 1_000_000 + 1_209_600, bits: 0x1d00ffff };
  const start = { time: 1_000_000, bits: 0x1c05a3f4 };
  assert.ok(areBitsRight('testnet4', last, start, 0x1c05a3f4));
  assert.ok(!areBitsRight('testnet4', last, start, 0x1d00ffff));
});

test('regtest: bits never change', () => {
  const parent = { height: 2_015, time: 1, bits: 0x207fffff };
  assert.equal(periodStart('regtest', parent.height), undefined);
  assert.ok(areBitsRight('regtest', parent, undefined, 0x207fffff));
  assert.ok(!areBitsRight('regtest', parent, undefined, 0x1d00ffff));
});
