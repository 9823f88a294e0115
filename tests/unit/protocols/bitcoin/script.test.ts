import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as bitcoinjs from 'bitcoinjs-lib';
import { heightOf, heightPush, push } from '../../../../protocols/bitcoin/script.ts';
import { concatBytes, fromHex, toHex } from '../../../../protocols/bytes.ts';

test('BIP34 heights: one opcode and OP_0 up to 16, then the shortest script number', () => {
  const vectors: [number, string][] = [
    [0, '0000'],
    [1, '5100'],
    [2, '5200'],
    [16, '6000'],
    [17, '0111'],
    [127, '017f'],
    [128, '028000'],
    [255, '02ff00'],
    [256, '020001'],
    [32767, '02ff7f'],
    [32768, '03008000'],
    [227836, '03fc7903'],
    [840000, '0340d10c'],
    [8388608, '0400008000'],
  ];
  for (const [height, hex] of vectors) assert.equal(toHex(heightPush(height)), hex, String(height));
});

test('heights above 16 agree with bitcoinjs-lib', () => {
  for (let height = 17; height < 20_000_000; height = Math.floor(height * 1.37) + 1) {
    assert.equal(toHex(heightPush(height)), toHex(push(bitcoinjs.script.number.encode(height))));
  }
});

test('pushes up to 75 bytes have one byte before them, up to 255 two', () => {
  assert.equal(toHex(push(new Uint8Array(75)).subarray(0, 2)), '4b00');
  assert.equal(toHex(push(new Uint8Array(76)).subarray(0, 2)), '4c4c');
  assert.equal(push(new Uint8Array(255)).length, 257);
  assert.throws(() => push(new Uint8Array(256)), { code: 'push-too-long' });
});

test('the height of a coinbase script is read back, and only in the form that BIP34 has', () => {
  for (const height of [1, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 850_000, 2 ** 31]) {
    assert.equal(heightOf(concatBytes(heightPush(height), fromHex('0301'))), height);
  }
  for (const other of ['', '00', '61', '0110', '020100', '0411000000', '03aabb', '06010203040506'])
    assert.equal(heightOf(fromHex(other)), undefined, other);
});
