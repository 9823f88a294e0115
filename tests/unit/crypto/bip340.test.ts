import assert from 'node:assert/strict';
import test from 'node:test';
import { schnorr } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { toHex } from '../../../protocols/bytes.ts';
import { anyBytes, anySecret, bytes32, csvRows, curve, field } from './support.ts';

for (const row of csvRows('bip340.csv')) {
  test(`BIP340 vector ${row['index']} ${row['comment']}`, () => {
    const message = field(row, 'message');
    const signature = field(row, 'signature');
    const publicKey = field(row, 'public key');
    if (row['secret key'] !== '') {
      const secret = field(row, 'secret key');
      assert.deepEqual(curve.xOnly(curve.publicKey(secret)), publicKey);
      assert.equal(toHex(curve.schnorrSign(message, secret, field(row, 'aux_rand'))), toHex(signature));
    }
    assert.equal(curve.schnorrVerify(signature, message, publicKey), row['verification result'] === 'TRUE');
  });
}

test('BIP340 signatures are those of noble', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), anySecret, anyBytes(32), (message, secret, aux) => {
      const signature = curve.schnorrSign(message, secret, aux);
      assert.deepEqual(signature, schnorr.sign(message, secret, aux));
      assert.equal(curve.schnorrVerify(signature, message, schnorr.getPublicKey(secret)), true);
    }),
    { numRuns: 50 },
  );
});

test('a changed bit of signature or message does not verify', () => {
  fc.assert(
    fc.property(anySecret, anyBytes(32), fc.nat(95), fc.nat(7), (secret, message, byte, bit) => {
      const signature = curve.schnorrSign(message, secret, new Uint8Array(32));
      const changed = Uint8Array.from([...signature, ...message], (value, i) =>
        i === byte ? value ^ (1 << bit) : value,
      );
      const publicKey = curve.xOnly(curve.publicKey(secret));
      assert.equal(curve.schnorrVerify(changed.slice(0, 64), changed.slice(64), publicKey), false);
    }),
  );
});

test('a key is told from another that was verified by just before', () => {
  const [secret, other] = [bytes32(7n), bytes32(8n)];
  const signature = curve.schnorrSign(secret, secret, other);
  const [key, stranger] = [secret, other].map((each) => curve.xOnly(curve.publicKey(each)));
  assert.ok(key && stranger);
  // The same last byte as a key that is known, and one that is no x coordinate at all.
  const similar = key.with(0, (key[0] ?? 0) ^ 1);
  const none = new Uint8Array(32).fill(0xff);
  for (const each of [key, stranger, similar, none, new Uint8Array(32), key])
    assert.equal(curve.schnorrVerify(signature, secret, each), each === key);
});
