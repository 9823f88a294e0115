import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex } from '../../../protocols/bytes.ts';
import { identitySecret, keysetSecret } from '../../../protocols/cashu/key-derivation.ts';

const noble = (key: Uint8Array, data: Uint8Array) => hmac(sha256, key, data);
const seed = new Uint8Array(32).fill(1);

test('unit, index, amount and seed each make another key, always the same one', () => {
  const secrets = [
    keysetSecret(noble, seed, 'hash_a_1', 0, 0),
    keysetSecret(noble, seed, 'hash_a_2', 0, 0),
    keysetSecret(noble, seed, 'hash_a_1', 1, 0),
    keysetSecret(noble, seed, 'hash_a_1', 0, 1),
    keysetSecret(noble, seed, 'hash_a_1', 0, 62),
    keysetSecret(noble, new Uint8Array(32).fill(2), 'hash_a_1', 0, 0),
    identitySecret(noble, seed),
  ].map(toHex);
  assert.equal(new Set(secrets).size, secrets.length);
  assert.equal(secrets[0], toHex(keysetSecret(noble, seed, 'hash_a_1', 0, 0)));
  assert.equal(secrets[0], '1422e6c05553dd6c207ca0bc6ee16bf1b02dcd7484a674136fdd2f56962078fc');
  assert.equal(secrets[6], '889fe42769defd7ac9abba18bb2a3a97a4b2eaba798410421fb723c987ae6996');
  for (const secret of secrets) assert.ok(secp256k1.utils.isValidSecretKey(Buffer.from(secret, 'hex')));
});

test('what is no key is passed over', () => {
  const digests = [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(7)];
  let calls = 0;
  const secret = identitySecret(() => digests[calls++] ?? new Uint8Array(32), seed);
  assert.equal(toHex(secret), '07'.repeat(32));
  assert.throws(() => identitySecret(() => new Uint8Array(32), seed), { code: 'bad-seed' });
});
