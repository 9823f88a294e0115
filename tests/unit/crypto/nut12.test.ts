import assert from 'node:assert/strict';
import test from 'node:test';
import { createDLEQProof, pointFromHex, verifyDLEQProof } from '@cashu/cashu-ts';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { anyPoint, anySecret, bytes32, curve, ORDER } from './support.ts';

// From tests/12-tests.md of the nuts repository.
const blindedMessage = fromHex('02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2');
const generator = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

test('NUT-12 deterministic nonce', () => {
  const { signature, e, s } = curve.signBlinded(blindedMessage, bytes32(2n));
  assert.equal(toHex(signature), '0244eccfc7a348274458bb38044c7f3c389b3c2086c7ec18b5812d2877ab937787');
  assert.equal(toHex(e), '2a16ffee280aff3c429045607f9b8e0bf8b35910c44c1b20b9dfaf01b263d7b3');
  assert.equal(toHex(s), '9df27731238334718d120d4f74611a7c668233f988e687ac3fb188f0a34a2dab');
});

test('NUT-12 proof on a BlindSignature', () => {
  const proof = {
    blindedMessage,
    signature: blindedMessage,
    key: generator,
    e: fromHex('9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73d9'),
    s: fromHex('9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73da'),
  };
  assert.equal(curve.verifyDleq(proof), true);
  assert.equal(curve.verifyDleq({ ...proof, key: curve.negate(generator) }), false);
});

test('NUT-12 proof on a Proof', () => {
  const secret = new TextEncoder().encode('daf4dd00a2b68a0858a80450f52c8a7d2ccf87d375e43e216e0c571f089f63e9');
  const C = fromHex('024369d2d22a80ecf78f3937da9d5f30c1b9f74f0c32684d583cca0fa6a61cdcfc');
  const r = fromHex('a6d13fcd7a18442e6076f5e1e7c887ad5de40a019824bdfa9fe740d302e8d861');
  const proof = {
    blindedMessage: curve.addPoints(curve.hashToCurve(secret), curve.publicKey(r)),
    signature: curve.addPoints(C, curve.multiply(generator, r)),
    key: generator,
    e: fromHex('b31e58ac6527f34975ffab13e70a48b6d2b0d35abc4b03f0151f09ee1a9763d4'),
    s: fromHex('8fbae004c59e754d71df67e392b6ae4e29293113ddc2ec86592a0431d16306d8'),
  };
  assert.equal(curve.verifyDleq(proof), true);
});

test('our proofs verify here and by cashu-ts, with and without the public key at hand', () => {
  fc.assert(
    fc.property(anyPoint, anySecret, (blinded, secret) => {
      const key = curve.publicKey(secret);
      const signed = curve.signBlinded(blinded, secret);
      assert.deepEqual(curve.signBlinded(blinded, secret, key), signed);
      assert.deepEqual(signed.signature, curve.multiply(blinded, secret));
      const { signature, e, s } = signed;
      assert.equal(curve.verifyDleq({ blindedMessage: blinded, signature, key, e, s }), true);
      const [B_, C_, A] = [blinded, signature, key].map((point) => pointFromHex(toHex(point)));
      assert.ok(B_ && C_ && A && verifyDLEQProof({ e, s }, B_, C_, A));
    }),
    { numRuns: 25 },
  );
});

test("cashu-ts's proofs verify here", () => {
  fc.assert(
    fc.property(anyPoint, anySecret, (blinded, secret) => {
      const proof = createDLEQProof(pointFromHex(toHex(blinded)), secret);
      const signature = curve.multiply(blinded, secret);
      const key = curve.publicKey(secret);
      assert.equal(
        curve.verifyDleq({ blindedMessage: blinded, signature, key, e: proof.e, s: proof.s }),
        true,
      );
    }),
    { numRuns: 10 },
  );
});

test('a changed bit anywhere in the proof does not verify', () => {
  fc.assert(
    fc.property(anyPoint, anySecret, fc.nat(511), (blinded, secret, bit) => {
      const { signature, e, s } = curve.signBlinded(blinded, secret);
      const changed = Uint8Array.from([...e, ...s], (byte, i) =>
        i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
      );
      const proof = { blindedMessage: blinded, signature, key: curve.publicKey(secret) };
      assert.equal(curve.verifyDleq({ ...proof, e: changed.slice(0, 32), s: changed.slice(32) }), false);
    }),
    { numRuns: 50 },
  );
});

test('a signature by another key than the published one does not verify', () => {
  const key = curve.publicKey(bytes32(6n));
  const { signature, e, s } = curve.signBlinded(blindedMessage, bytes32(5n));
  assert.equal(curve.verifyDleq({ blindedMessage, signature, key, e, s }), false);
});

test('proofs whose points vanish are false, not errors', () => {
  const signature = curve.multiply(blindedMessage, bytes32(5n));
  const proof = { blindedMessage, signature, key: curve.publicKey(bytes32(5n)) };
  // s = e * a makes both R1 and R2 infinity.
  assert.equal(curve.verifyDleq({ ...proof, e: bytes32(3n), s: bytes32(15n) }), false);
  assert.equal(curve.verifyDleq({ ...proof, e: bytes32(0n), s: bytes32(0n) }), false);
  // R1 is a point, R2 infinity.
  const other = { ...proof, signature: curve.multiply(blindedMessage, bytes32(6n)) };
  assert.equal(curve.verifyDleq({ ...other, e: bytes32(1n), s: bytes32(6n) }), false);
  assert.equal(curve.verifyDleq({ ...proof, e: bytes32(1n), s: bytes32(ORDER) }), false);
});

test('malformed input names the field', () => {
  const secret = bytes32(5n);
  const notOnCurve = Uint8Array.from([2, ...new Array(32).fill(0)]);
  assert.throws(() => curve.signBlinded(notOnCurve, secret), {
    code: 'bad-point',
    message: 'blinded message must be a compressed point of secp256k1',
  });
  assert.throws(() => curve.signBlinded(blindedMessage, bytes32(0n)), { code: 'bad-secret-key' });
  assert.throws(() => curve.signBlinded(blindedMessage, bytes32(ORDER)), { code: 'bad-secret-key' });
  assert.throws(() => curve.signBlinded(blindedMessage, secret, notOnCurve), {
    code: 'bad-point',
    message: 'public key must be a compressed point of secp256k1',
  });
  const good = { blindedMessage, signature: blindedMessage, key: generator, e: secret, s: secret };
  assert.throws(
    () => curve.verifyDleq({ ...good, blindedMessage: notOnCurve }),
    /^HashpoolError: blinded message/,
  );
  assert.throws(
    () => curve.verifyDleq({ ...good, signature: notOnCurve }),
    /^HashpoolError: blind signature/,
  );
  assert.throws(() => curve.verifyDleq({ ...good, key: notOnCurve }), /^HashpoolError: the mint's key/);
  assert.throws(() => curve.verifyDleq({ ...good, e: new Uint8Array(31) }), { code: 'bad-length' });
  assert.throws(() => curve.verifyDleq({ ...good, s: new Uint8Array(33) }), { code: 'bad-length' });
});

test('a public key is read by all of its bytes, whatever keys were read before', () => {
  const secret = bytes32(5n);
  const key = curve.publicKey(secret);
  const signed = curve.signBlinded(blindedMessage, secret, key);
  assert.deepEqual(curve.signBlinded(blindedMessage, secret, key), signed);
  const other = curve.signBlinded(blindedMessage, secret, curve.negate(key));
  assert.notDeepEqual(other, signed);
  assert.deepEqual(curve.signBlinded(blindedMessage, secret, key), signed);
  for (const bad of [new Uint8Array(33), key.with(0, 4), fromHex(`02${'0'.repeat(62)}05`)]) {
    for (let again = 0; again < 2; again++)
      assert.throws(() => curve.signBlinded(blindedMessage, secret, bad), { code: 'bad-point' });
  }
});
