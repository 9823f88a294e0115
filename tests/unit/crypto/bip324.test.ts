import assert from 'node:assert/strict';
import test from 'node:test';
import { elligatorSwift } from '@scure/btc-signer/p2p.js';
import fc from 'fast-check';
import { concatBytes, toHex } from '../../../protocols/bytes.ts';
import { anyBytes, anySecret, csvRows, curve, field } from './support.ts';

for (const row of csvRows('bip324-decode.csv')) {
  test(`BIP324 decode vector ${row['comment']}`, () => {
    const point = curve.ellswiftDecode(field(row, 'ellswift'));
    assert.equal(toHex(point.slice(1)), row['x']);
    assert.equal(curve.isPoint(point), true);
  });
}

test('BIP324 encode vectors: every t of a case decodes to the x it was found for', () => {
  const cases = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `case${n}_t`);
  let decoded = 0;
  for (const row of csvRows('bip324-encode.csv')) {
    for (const name of cases) {
      if (row[name] === '') continue;
      const point = curve.ellswiftDecode(concatBytes(field(row, 'u'), field(row, name)));
      assert.equal(toHex(point.slice(1)), row['x']);
      decoded++;
    }
  }
  assert.equal(decoded, 98);
});

for (const [index, row] of csvRows('bip324-shared-secret.csv').entries()) {
  test(`BIP324 shared secret vector ${index}`, () => {
    const ours = field(row, 'in_ellswift_ours');
    const theirs = field(row, 'in_ellswift_theirs');
    const secret = field(row, 'in_priv_ours');
    assert.equal(toHex(curve.ellswiftDecode(ours).slice(1)), row['mid_x_ours']);
    assert.equal(toHex(curve.ellswiftDecode(theirs).slice(1)), row['mid_x_theirs']);
    const shared =
      row['in_initiating'] === '1'
        ? curve.ellswiftXdh(secret, ours, theirs, 'initiator')
        : curve.ellswiftXdh(secret, theirs, ours, 'responder');
    assert.equal(toHex(shared), row['mid_shared_secret']);
  });
}

test('an encoding of a public key decodes to it, here and by scure', () => {
  fc.assert(
    fc.property(anySecret, anyBytes(32), (secret, aux) => {
      const encoded = curve.ellswiftCreate(secret, aux);
      assert.deepEqual(curve.ellswiftDecode(encoded), curve.publicKey(secret));
      assert.deepEqual(elligatorSwift.decode(encoded), curve.xOnly(curve.publicKey(secret)));
    }),
    { numRuns: 50 },
  );
});

test('both sides and scure agree on the shared secret', () => {
  fc.assert(
    fc.property(anySecret, anySecret, anyBytes(32), (a, b, aux) => {
      const initiator = curve.ellswiftCreate(a, aux);
      const responder = curve.ellswiftCreate(b, aux);
      const shared = curve.ellswiftXdh(a, initiator, responder, 'initiator');
      assert.deepEqual(curve.ellswiftXdh(b, initiator, responder, 'responder'), shared);
      assert.deepEqual(elligatorSwift.getSharedSecretBip324(a, responder, initiator, true), shared);
    }),
    { numRuns: 50 },
  );
});

test('fresh randomness gives another encoding of the same key', () => {
  const secret = new Uint8Array(32).fill(1);
  const first = curve.ellswiftCreate(secret, new Uint8Array(32));
  const second = curve.ellswiftCreate(secret, new Uint8Array(32).fill(1));
  assert.notDeepEqual(first, second);
  assert.deepEqual(curve.ellswiftDecode(first), curve.ellswiftDecode(second));
});

test('malformed input', () => {
  const good = new Uint8Array(64).fill(1);
  const secret = new Uint8Array(32).fill(1);
  const zero = new Uint8Array(32);
  assert.throws(() => curve.ellswiftCreate(zero, zero), { code: 'bad-secret-key' });
  assert.throws(() => curve.ellswiftCreate(secret, new Uint8Array(31)), {
    code: 'bad-length',
    message: 'auxiliary randomness must be 32 bytes, not 31',
  });
  assert.throws(() => curve.ellswiftDecode(new Uint8Array(63)), { code: 'bad-length' });
  assert.throws(() => curve.ellswiftXdh(zero, good, good, 'initiator'), { code: 'bad-secret-key' });
  assert.throws(() => curve.ellswiftXdh(zero, good, good, 'responder'), { code: 'bad-secret-key' });
  assert.throws(() => curve.ellswiftXdh(secret, new Uint8Array(33), good, 'initiator'), {
    code: 'bad-length',
  });
  assert.throws(() => curve.ellswiftXdh(secret, good, new Uint8Array(65), 'initiator'), {
    code: 'bad-length',
  });
});
