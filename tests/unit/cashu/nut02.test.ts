import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveKeysetId } from '@cashu/cashu-ts';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { amountOf, KEYSET_SIZE } from '../../../protocols/cashu/amount.ts';
import { keysetId } from '../../../protocols/cashu/nut02.ts';
import vectors from './vectors/nut02.json' with { type: 'json' };

for (const vector of vectors.vectors) {
  test(`NUT-02: keyset ${vector.id.slice(0, 16)}… of ${Object.keys(vector.keys).length} keys`, () => {
    const keys = Object.entries(vector.keys).map(([amount, key]) => [BigInt(amount), fromHex(key)] as const);
    const { unit, input_fee_ppk: inputFeePpk, final_expiry: finalExpiry } = vector;
    assert.equal(keysetId({ keys: keys.toReversed(), unit, inputFeePpk, finalExpiry }), vector.id);
  });
}

test('NUT-02: cashu-ts finds the same id for a keyset of ours', () => {
  const keys = Array.from({ length: KEYSET_SIZE }, (_, exponent) => {
    const secret = new Uint8Array(32).fill(exponent + 1);
    return [amountOf(exponent), secp256k1.getPublicKey(secret)] as const;
  });
  const unit = `hash_02${'ab'.repeat(32)}_101`;
  const shown = Object.fromEntries(keys.map(([amount, key]) => [String(amount), toHex(key)]));
  assert.equal(keysetId({ keys, unit }), deriveKeysetId(shown, { unit, versionByte: 1 }));
});

test('NUT-02: unit and every key are part of the id', () => {
  const key = fromHex(`02${'11'.repeat(32)}`);
  const other = fromHex(`03${'11'.repeat(32)}`);
  const ids = [
    keysetId({ keys: [[1n, key]], unit: 'a' }),
    keysetId({ keys: [[1n, key]], unit: 'b' }),
    keysetId({ keys: [[1n, other]], unit: 'a' }),
    keysetId({ keys: [[2n, key]], unit: 'a' }),
    keysetId({ keys: [[1n, key]], unit: 'a', inputFeePpk: 1 }),
    keysetId({ keys: [[1n, key]], unit: 'a', finalExpiry: 1 }),
  ];
  assert.equal(new Set(ids).size, ids.length);
});
