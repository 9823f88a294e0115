import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDeclaredCoinbase } from '../../../../domain/job-declaration/declared-coinbase.ts';
import { addWitness, coinbaseParts } from '../../../../protocols/bitcoin/coinbase.ts';
import { heightPush } from '../../../../protocols/bitcoin/script.ts';
import { concatBytes, fromHex, utf8 } from '../../../../protocols/bytes.ts';

const EXTRANONCE = 12;
const outputs = [
  { value: 5_000_000_123n, script: fromHex('51') },
  { value: 0n, script: fromHex('6a0101') },
];
const stripped = coinbaseParts({
  version: 2,
  scriptPrefix: heightPush(850_000),
  tag: utf8('tag'),
  extranonceLength: EXTRANONCE,
  sequence: 0xfffffffe,
  outputs,
  templateOutputs: new Uint8Array(),
  templateOutputsCount: 0,
  locktime: 849_999,
});
const whole = addWitness(concatBytes(stripped.prefix, new Uint8Array(EXTRANONCE), stripped.suffix));
const cut = stripped.prefix.length + 2;
const full = { prefix: whole.subarray(0, cut), suffix: whole.subarray(cut + EXTRANONCE) };

test('a coinbase is read with its witness and without', () => {
  for (const parts of [full, stripped]) {
    const read = readDeclaredCoinbase(parts);
    assert.equal(read.version, 2);
    assert.equal(read.extranonceLength, EXTRANONCE);
    assert.equal(read.sequence, 0xfffffffe);
    assert.equal(read.locktime, 849_999);
    assert.deepEqual(
      read.outputs.map(({ value, script }) => ({ value, script: Uint8Array.from(script) })),
      outputs,
    );
    assert.equal(read.outputBytes[0], 2);
    assert.deepEqual(Uint8Array.from(read.scriptPrefix.subarray(0, 4)), heightPush(850_000));
  }
});

test('every coinbase that is none is refused in words', () => {
  const refused = (prefix: Uint8Array, suffix: Uint8Array, code = 'invalid-coinbase-tx'): string => {
    let words = '';
    assert.throws(
      () => readDeclaredCoinbase({ prefix, suffix }),
      (error: Error & { code?: string }) => {
        words = error.message;
        return error.code?.startsWith(code) ?? false;
      },
    );
    return words;
  };
  const changed = (bytes: Uint8Array, at: number, value: number) =>
    bytes.map((byte, i) => (i === at ? value : byte));
  const input = 'invalid-coinbase-tx-input';
  assert.match(refused(changed(full.prefix, 6, 2), full.suffix, input), /2 inputs, not one/);
  assert.match(refused(changed(full.prefix, 7, 1), full.suffix, input), /spends an output/);
  assert.match(refused(changed(full.prefix, 43, 101), full.suffix), /101 bytes, more than 100/);
  assert.match(refused(concatBytes(full.prefix, new Uint8Array(EXTRANONCE)), full.suffix), /no room/);
  assert.match(refused(full.prefix, concatBytes(full.suffix, utf8('x'))), /1 bytes follow/);
  assert.match(refused(full.prefix, stripped.suffix), /ends at byte|witness/);
  for (let length = 0; length < full.prefix.length - 20; length++)
    refused(full.prefix.subarray(0, length), full.suffix);
  for (let length = 0; length < full.suffix.length; length++)
    refused(full.prefix, full.suffix.subarray(0, length));
});
