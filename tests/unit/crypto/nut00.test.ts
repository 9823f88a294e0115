import assert from 'node:assert/strict';
import test from 'node:test';
import { hashToCurve as oracleHashToCurve } from '@cashu/cashu-ts';
import fc from 'fast-check';
import { fromHex, toHex, utf8 } from '../../../protocols/bytes.ts';
import { anyPoint, anySecret, curve } from './support.ts';

// From tests/00-tests.md of the nuts repository.
const hashToCurveVectors = [
  [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '024cce997d3b518f739663b757deaec95bcd9473c30a14ac2fd04023a739d1a725',
  ],
  [
    '0000000000000000000000000000000000000000000000000000000000000001',
    '022e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf',
  ],
  [
    '0000000000000000000000000000000000000000000000000000000000000002',
    '026cdbe15362df59cd1dd3c9c11de8aedac2106eca69236ecd9fbe117af897be4f',
  ],
] as const;

const blindingVectors = [
  [
    'd341ee4871f1f889041e63cf0d3823c713eea6aff01e80f1719f08f9e5be98f6',
    '99fce58439fc37412ab3468b73db0569322588f62fb3a49182d67e23d877824a',
    '033b1a9737a40cc3fd9b6af4b723632b76a67a36782596304612a6c2bfb5197e6d',
  ],
  [
    'f1aaf16c2239746f369572c0784d9dd3d032d952c2d992175873fb58fae31a60',
    'f78476ea7cc9ade20f9e05e58a804cf19533f03ea805ece5fee88c8e2874ba50',
    '029bdf2d716ee366eddf599ba252786c1033f47e230248a4612a5670ab931f1763',
  ],
] as const;

const blindedMessage = '02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2';
const signingVectors = [
  ['0000000000000000000000000000000000000000000000000000000000000001', blindedMessage],
  [
    '7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f',
    '0398bc70ce8184d27ba89834d19f5199c84443c31131e48d3c1214db24247d005d',
  ],
] as const;

for (const [message, point] of hashToCurveVectors) {
  test(`NUT-00 hash_to_curve of ${message}`, () => {
    assert.equal(toHex(curve.hashToCurve(fromHex(message))), point);
  });
}

for (const [secret, blindingFactor, blinded] of blindingVectors) {
  test(`NUT-00 blinded message of ${secret}`, () => {
    const Y = curve.hashToCurve(fromHex(secret));
    assert.equal(toHex(curve.addPoints(Y, curve.publicKey(fromHex(blindingFactor)))), blinded);
  });
}

for (const [secretKey, signature] of signingVectors) {
  test(`NUT-00 blind signature by ${secretKey}`, () => {
    assert.equal(toHex(curve.multiply(fromHex(blindedMessage), fromHex(secretKey))), signature);
    assert.equal(toHex(curve.signBlinded(fromHex(blindedMessage), fromHex(secretKey)).signature), signature);
  });
}

test('hash_to_curve is that of cashu-ts for messages of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
      assert.equal(toHex(curve.hashToCurve(message)), oracleHashToCurve(message).toHex(true));
    }),
  );
});

test('blinding, signing, unblinding gives a proof that the mint accepts, and only that', () => {
  fc.assert(
    fc.property(fc.string(), anySecret, anySecret, anyPoint, (secret, factor, key, other) => {
      const x = utf8(secret);
      const blinded = curve.addPoints(curve.hashToCurve(x), curve.publicKey(factor));
      const { signature } = curve.signBlinded(blinded, key);
      const unblinding = curve.negate(curve.multiply(curve.publicKey(key), factor));
      const C = curve.addPoints(signature, unblinding);
      assert.deepEqual(curve.verifyProof(x, C, key), curve.hashToCurve(x));
      assert.equal(curve.verifyProof(utf8(`${secret}.`), C, key), undefined);
      assert.equal(curve.verifyProof(x, curve.negate(C), key), undefined);
      assert.equal(curve.verifyProof(x, other, key), undefined);
      assert.equal(curve.verifyProof(x, C, curve.negateSecret(key)), undefined);
    }),
    { numRuns: 50 },
  );
});

test('malformed proofs', () => {
  const key = new Uint8Array(32).fill(1);
  const C = curve.publicKey(key);
  const notOnCurve = Uint8Array.from([2, ...new Array(32).fill(0)]);
  assert.throws(() => curve.verifyProof(utf8('x'), notOnCurve, key), {
    code: 'bad-point',
    message: 'C of the proof must be a compressed point of secp256k1',
  });
  assert.throws(() => curve.verifyProof(utf8('x'), C.slice(1), key), { code: 'bad-point' });
  assert.throws(() => curve.verifyProof(utf8('x'), C, new Uint8Array(32)), { code: 'bad-secret-key' });
  assert.throws(() => curve.hashToCurve(new Uint8Array(200_000)), {
    code: 'input-too-long',
    message: '200033 bytes of input: at most 163840 fit',
  });
});
