import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import {
  hexU32,
  parseHexBytes,
  parseHexU32,
  parseVersionMask,
  swapPrevHashWords,
} from '../../../protocols/sv1/fields.ts';

test('the hash of the genesis block in the order of mining.notify: words turned, their order kept', () => {
  // Bitcoin block 0, display order 000000000019d668...; header order is its reverse.
  const header = fromHex('6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000');
  const sv1 = '0a8ce26f72b3f1b646a2a6c14ff763ae65831e939c085ae10019d66800000000';
  assert.equal(toHex(swapPrevHashWords(header)), sv1);
  assert.deepEqual(swapPrevHashWords(swapPrevHashWords(header)), header);
});

test('hex fields are taken at their exact length alone', () => {
  assert.equal(parseHexU32('0000000a'), 10);
  assert.equal(parseHexU32('FFFFFFFF'), 0xffffffff);
  for (const wrong of [
    'a',
    '0000000',
    '000000000',
    '0000000g',
    '0x00000a',
    ' 000000a',
    '-0000001',
    '',
    10,
    null,
  ]) {
    assert.equal(parseHexU32(wrong), undefined, String(wrong));
  }
  assert.deepEqual(parseHexBytes('00ff', 2), fromHex('00ff'));
  for (const wrong of ['00f', '00ff0', '00', '00ffff', 'zzzz', '00f ', undefined, 255]) {
    assert.equal(parseHexBytes(wrong, 2), undefined, String(wrong));
  }
});

test('a version mask may come without its leading zeros', () => {
  assert.equal(parseVersionMask('1fffe000'), 0x1fffe000);
  assert.equal(parseVersionMask('e000'), 0xe000);
  for (const wrong of ['', '1fffe0000', '0x1fffe0', 'mask', 0x1fffe000]) {
    assert.equal(parseVersionMask(wrong), undefined, String(wrong));
  }
});

test('a number written as eight hex digits reads back', () => {
  fc.assert(fc.property(fc.nat(0xffffffff), (value) => parseHexU32(hexU32(value)) === value));
});
