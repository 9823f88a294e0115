import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocols/bytes.ts';
import { loadCipher } from '../../../protocols/crypto/cipher.ts';
import { anyBytes } from './support.ts';

const cipher = await loadCipher();

test('RFC 8439, 2.8.2', () => {
  const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const nonce = fromHex('070000004041424344454647');
  const associated = fromHex('50515253c0c1c2c3c4c5c6c7');
  const plain = utf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const sealed = cipher.encrypt(key, nonce, associated, plain);
  assert.equal(
    toHex(sealed),
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
  );
  assert.deepEqual(cipher.decrypt(key, nonce, associated, sealed), plain);
});

test('RFC 8439, A.5', () => {
  const plain = cipher.decrypt(
    fromHex('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0'),
    fromHex('000000000102030405060708'),
    fromHex('f33388860000000000004e91'),
    fromHex(
      '64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38',
    ),
  );
  assert.ok(plain);
  assert.match(
    new TextDecoder().decode(plain),
    /^Internet-Drafts are draft documents valid for a maximum of six/,
  );
});

test('ciphertexts are those of node:crypto and decrypt to what they were', () => {
  fc.assert(
    fc.property(
      anyBytes(32),
      anyBytes(12),
      fc.uint8Array({ maxLength: 64 }),
      fc.uint8Array({ maxLength: 500 }),
      (key, nonce, associated, plain) => {
        const oracle = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
        oracle.setAAD(associated, { plaintextLength: plain.length });
        const expected = Buffer.concat([oracle.update(plain), oracle.final(), oracle.getAuthTag()]);
        const sealed = cipher.encrypt(key, nonce, associated, plain);
        assert.equal(toHex(sealed), expected.toString('hex'));
        assert.deepEqual(cipher.decrypt(key, nonce, associated, sealed), plain);
      },
    ),
  );
});

test('a changed bit, another nonce, key or associated data does not decrypt', () => {
  fc.assert(
    fc.property(anyBytes(32), anyBytes(12), anyBytes(40), fc.nat(), (key, nonce, plain, position) => {
      const associated = new Uint8Array(0);
      const sealed = cipher.encrypt(key, nonce, associated, plain);
      const flip = (bytes: Uint8Array) =>
        bytes.map((byte, i) => (i === (position >> 3) % bytes.length ? byte ^ (1 << (position & 7)) : byte));
      assert.equal(cipher.decrypt(key, nonce, associated, flip(sealed)), undefined);
      assert.equal(cipher.decrypt(flip(key), nonce, associated, sealed), undefined);
      assert.equal(cipher.decrypt(key, flip(nonce), associated, sealed), undefined);
      assert.equal(cipher.decrypt(key, nonce, Uint8Array.of(0), sealed), undefined);
      assert.equal(cipher.decrypt(key, nonce, associated, sealed.slice(0, -1)), undefined);
    }),
  );
});

test('what is too short to hold a tag does not decrypt', () => {
  const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
  for (const length of [0, 1, 15]) {
    assert.equal(cipher.decrypt(key, nonce, none, new Uint8Array(length)), undefined);
  }
  assert.deepEqual(cipher.decrypt(key, nonce, none, cipher.encrypt(key, nonce, none, none)), none);
});

test('keys and nonces of the wrong size are errors, not wrong tags', () => {
  const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
  assert.throws(() => cipher.encrypt(key.slice(1), nonce, none, none), {
    code: 'bad-length',
    message: 'cipher key must be 32 bytes, not 31',
  });
  assert.throws(() => cipher.encrypt(key, nonce.slice(1), none, none), {
    code: 'bad-length',
    message: 'cipher nonce must be 12 bytes, not 11',
  });
  assert.throws(() => cipher.decrypt(key.slice(1), nonce, none, new Uint8Array(16)), { code: 'bad-length' });
  assert.throws(() => cipher.decrypt(key, nonce.slice(1), none, new Uint8Array(16)), { code: 'bad-length' });
  assert.throws(() => cipher.encrypt(key, nonce, new Uint8Array(65), none), { code: 'bad-length' });
  assert.throws(() => cipher.encrypt(key, nonce, none, new Uint8Array(65_520)), { code: 'bad-length' });
  assert.throws(() => cipher.decrypt(key, nonce, none, new Uint8Array(65_536)), { code: 'bad-length' });
});

test('it encrypts bytes among others into a place among others', () => {
  const [key, nonce, none] = [new Uint8Array(32).fill(1), new Uint8Array(12), new Uint8Array(0)];
  for (const length of [0, 6, 112, 113, 65_519]) {
    const plain = new Uint8Array(length).fill(7);
    const source = concatBytes(Uint8Array.of(8, 8, 8), plain, Uint8Array.of(8));
    const target = new Uint8Array(length + 20).fill(9);
    cipher.encryptInto(target, 2, key, nonce, none, source, 3, 3 + length);
    assert.deepEqual(target.subarray(2, -2), cipher.encrypt(key, nonce, none, plain));
    assert.deepEqual([...target.subarray(0, 2), ...target.subarray(-2)], [9, 9, 9, 9]);
  }
});
