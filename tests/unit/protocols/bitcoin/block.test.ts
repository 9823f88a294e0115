import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockStart, encodeBlock } from '../../../../protocols/bitcoin/block.ts';
import { addWitness, coinbaseParts } from '../../../../protocols/bitcoin/coinbase.ts';
import { sha256d } from '../../../../protocols/bitcoin/hash.ts';
import { decodeHeader, encodeHeader } from '../../../../protocols/bitcoin/header.ts';
import { heightPush } from '../../../../protocols/bitcoin/script.ts';
import { concatBytes, fromHex, reversed, toHex } from '../../../../protocols/bytes.ts';

/** Bitcoin's genesis block (bitcoind's src/kernel/chainparams.cpp). */
const genesis = fromHex(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c' +
    '0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff' +
    '0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
);

test('the front of the genesis block', () => {
  const { header, coinbaseOutputs, coinbaseTxidLe } = blockStart(genesis);
  assert.deepEqual(coinbaseTxidLe, decodeHeader(header).merkleRootLe);
  assert.equal(
    toHex(reversed(sha256d(header))),
    '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  );
  assert.deepEqual(
    coinbaseOutputs.map(({ value, script }) => [value, script.length]),
    [[5_000_000_000n, 67]],
  );
});

test('a coinbase with its witness, and transactions behind it that are left alone', () => {
  const outputs = [
    { value: 2_100_000_000_000_000n, script: fromHex('51') },
    { value: 0n, script: fromHex('6a0145') },
  ];
  const { prefix, suffix } = coinbaseParts({
    version: 2,
    scriptPrefix: heightPush(800_000),
    tag: new Uint8Array(),
    extranonceLength: 4,
    sequence: 0xffffffff,
    outputs,
    templateOutputs: new Uint8Array(),
    templateOutputsCount: 0,
    locktime: 0,
  });
  const stripped = concatBytes(prefix, new Uint8Array(4), suffix);
  const coinbase = addWitness(stripped);
  const header = decodeHeader(genesis.subarray(0, 80));
  const start = blockStart(encodeBlock(header, [coinbase, fromHex('ff'.repeat(100))]));
  assert.deepEqual(start, {
    header: encodeHeader(header),
    coinbaseOutputs: outputs,
    coinbaseTxidLe: sha256d(stripped),
  });
});

test('a block that ends too early is refused wherever it is cut', () => {
  for (let length = 0; length < genesis.length; length++) {
    assert.throws(() => blockStart(genesis.subarray(0, length)), { code: 'cut-short' }, `at ${length}`);
  }
});
