import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schnorr } from '@noble/curves/secp256k1.js';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { legacyMintMessage, mintMessage, type SignedOutput } from '../../../protocols/cashu/nut20.ts';
import vectors from './vectors/nut20.json' with { type: 'json' };

for (const { source, quote, form, outputs, publicKey, hash, signature, isValid } of vectors) {
  test(`NUT-20: ${source}`, () => {
    const signed = outputs.map(
      ({ amount, B_ }): SignedOutput => ({ amount: BigInt(amount), blinded: fromHex(B_) }),
    );
    const digest = form === 'legacy' ? legacyMintMessage(quote, signed) : mintMessage(quote, signed);
    if (hash) assert.equal(toHex(digest), hash);
    assert.equal(schnorr.verify(fromHex(signature), digest, fromHex(publicKey).subarray(1)), isValid);
  });
}

test('NUT-20: every part of a request changes what is signed', () => {
  const output = { amount: 1n, blinded: fromHex(`02${'11'.repeat(32)}`) };
  const requests: [string, SignedOutput[]][] = [
    ['q', [output]],
    ['r', [output]],
    ['q', [{ ...output, amount: 2n }]],
    ['q', [{ ...output, amount: 256n }]],
    ['q', [{ ...output, blinded: fromHex(`03${'11'.repeat(32)}`) }]],
    ['q', [output, output]],
    ['q', []],
  ];
  const digests = requests.map(([quote, outputs]) => toHex(mintMessage(quote, outputs)));
  assert.equal(new Set(digests).size, requests.length);
});

test('NUT-20: a thousand outputs fit into one message', () => {
  const outputs = Array.from({ length: 1000 }, () => ({
    amount: 1n << 62n,
    blinded: fromHex(`02${'22'.repeat(32)}`),
  }));
  assert.equal(mintMessage('q', outputs).length, 32);
  assert.equal(legacyMintMessage('q', outputs).length, 32);
});
