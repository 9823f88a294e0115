import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schnorr } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { toHex } from '../../../protocols/bytes.ts';
import {
  decodeAuthorityPublicKey,
  decodeAuthoritySecretKey,
  encodeAuthorityPublicKey,
  encodeAuthoritySecretKey,
} from '../../../protocols/sv2/authority-key.ts';

// Stratum V2 specification, 4.7.1.
const specKey = Uint8Array.from([
  118, 99, 112, 0, 151, 156, 28, 17, 175, 12, 48, 11, 205, 140, 127, 228, 134, 16, 252, 233, 185, 193, 30, 61,
  174, 227, 90, 224, 176, 138, 116, 85,
]);
const specText = '9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh';

// SRI's key-utils test pair, and the pair of SRI's default configurations.
const pairs = [
  [
    'zmBEmPhqo3A92FkiLVvyCz6htc3e53ph3ZbD4ASqGaLjwnFLi',
    '9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnan',
  ],
  [
    'mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2n',
    '9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72',
  ],
] as const;

test("the specification's vector reads and writes", () => {
  assert.deepEqual(decodeAuthorityPublicKey(specText), specKey);
  assert.equal(encodeAuthorityPublicKey(specKey), specText);
});

for (const [secret, publicKey] of pairs) {
  test(`secret and public key of ${publicKey} belong together`, () => {
    const secretBytes = decodeAuthoritySecretKey(secret);
    assert.equal(encodeAuthoritySecretKey(secretBytes), secret);
    assert.equal(encodeAuthorityPublicKey(schnorr.getPublicKey(secretBytes)), publicKey);
  });
}

test('wrong keys are refused with the reason', () => {
  const cases: [string, RegExp][] = [
    ['9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnam', /checksum/],
    ['2myPhc5vkPzuC5FXNK5tee79WmP7uoLh55SxezoF8iqwF3E3rnPY', /version 12/],
    ['2wmHTKZkLg2QzXyEXGMBXzKP7JXDUt8yy9SA5hoQwERc92qR6c', /bytes|version/],
    ['', /checksum|version/],
    ['0OIl', /base58/],
  ];
  for (const [text, reason] of cases) {
    assert.throws(() => decodeAuthorityPublicKey(text), { code: 'bad-authority-key', message: reason });
  }
});

test('a secret key never stands in an error', () => {
  const mistyped = 'mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2m';
  assert.throws(
    () => decodeAuthoritySecretKey(mistyped),
    (error: Error) => !error.message.includes(mistyped) && error.cause === undefined,
  );
  const short = createBase58check(sha256).encode(new Uint8Array(31));
  assert.throws(() => decodeAuthoritySecretKey(short), { code: 'bad-authority-key', message: /31 bytes/ });
});

test('a secret key is not taken for a public key', () => {
  for (const [secret] of pairs)
    assert.throws(() => decodeAuthorityPublicKey(secret), { code: 'bad-authority-key' });
  assert.equal(toHex(decodeAuthorityPublicKey(pairs[0][1])).length, 64);
});
