import assert from 'node:assert/strict';
import test from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { toHex } from '../../../protocols/bytes.ts';
import { loadCurve } from '../../../protocols/crypto/curve.ts';
import { anyBytes, anyPoint, anySecret, bytes32, curve, ORDER, wasm } from './support.ts';

const { Point } = secp256k1;
const number = (bytes: Uint8Array) => BigInt(`0x${toHex(bytes)}`);
const few = { numRuns: 50 };

/** Two secrets whose sum is one: opposites vanish, which a test of its own looks at. */
const anyPair = fc.tuple(anySecret, anySecret).filter(([a, b]) => number(a) + number(b) !== ORDER);

test('points are those of noble', () => {
  fc.assert(
    fc.property(anyPair, anySecret, ([a, b], k) => {
      const A = curve.publicKey(a);
      const B = curve.publicKey(b);
      assert.deepEqual(A, secp256k1.getPublicKey(a));
      assert.deepEqual(curve.xOnly(A), A.slice(1));
      assert.deepEqual(curve.negate(A), Point.fromBytes(A).negate().toBytes());
      assert.deepEqual(curve.addPoints(A, B), Point.fromBytes(A).add(Point.fromBytes(B)).toBytes());
      assert.deepEqual(curve.multiply(A, k), Point.fromBytes(A).multiply(number(k)).toBytes());
    }),
    few,
  );
});

test('secrets are numbers modulo the order', () => {
  fc.assert(
    fc.property(anyPair, ([a, b]) => {
      assert.equal(number(curve.addSecrets(a, b)), (number(a) + number(b)) % ORDER);
      assert.equal(number(curve.multiplySecrets(a, b)), (number(a) * number(b)) % ORDER);
      assert.equal(number(curve.negateSecret(a)), ORDER - number(a));
    }),
    few,
  );
});

test('edges of the secrets: 1, the order less one', () => {
  const generator = Point.BASE.toBytes();
  for (const k of [1n, 2n, ORDER - 2n, ORDER - 1n]) {
    assert.deepEqual(curve.publicKey(bytes32(k)), Point.BASE.multiply(k).toBytes());
    assert.deepEqual(curve.multiply(generator, bytes32(k)), curve.publicKey(bytes32(k)));
  }
  assert.deepEqual(curve.addPoints(generator, generator), curve.publicKey(bytes32(2n)));
});

test('multiplication distributes over addition', () => {
  fc.assert(
    fc.property(anyPoint, anyPair, (P, [a, b]) => {
      const sum = curve.addPoints(curve.multiply(P, a), curve.multiply(P, b));
      assert.deepEqual(curve.multiply(P, curve.addSecrets(a, b)), sum);
      assert.deepEqual(
        curve.multiply(curve.multiply(P, a), b),
        curve.multiply(P, curve.multiplySecrets(a, b)),
      );
    }),
    few,
  );
});

test('what is a point, by noble', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 2, 3, 4), anyBytes(32), (first, x) => {
      const candidate = Uint8Array.from([first, ...x]);
      assert.equal(curve.isPoint(candidate), secp256k1.utils.isValidPublicKey(candidate, true));
    }),
  );
  assert.equal(curve.isPoint(new Uint8Array(32)), false);
  assert.equal(curve.isPoint(Uint8Array.of(2, ...new Uint8Array(32).fill(0xff))), false, 'beyond the field');
  assert.equal(curve.isPoint(secp256k1.getPublicKey(bytes32(9n), false)), false);
});

test('what is a secret key', () => {
  for (const [value, expected] of [
    [0n, false],
    [1n, true],
    [ORDER - 1n, true],
    [ORDER, false],
    [2n ** 256n - 1n, false],
  ] as const) {
    assert.equal(curve.isSecretKey(bytes32(value)), expected);
  }
  assert.equal(curve.isSecretKey(new Uint8Array(31).fill(1)), false);
});

test('sums and products that vanish have no result', () => {
  const secret = bytes32(5n);
  const opposite = curve.negateSecret(secret);
  const point = curve.publicKey(secret);
  const noResult = { code: 'no-result' };
  assert.throws(() => curve.addSecrets(secret, opposite), noResult);
  assert.throws(() => curve.addPoints(point, curve.negate(point)), noResult);
});

test('every malformed input is named', () => {
  const secret = bytes32(5n);
  const point = curve.publicKey(secret);
  const badPoint = Uint8Array.from([2, ...new Array(32).fill(0)]);
  const badSecret = bytes32(ORDER);
  const message = secret;
  const cases: [() => unknown, string, RegExp][] = [
    [() => curve.publicKey(badSecret), 'bad-secret-key', /^secret key must be a number from 1/],
    [() => curve.publicKey(point), 'bad-secret-key', /^secret key must be 32 bytes, not 33$/],
    [() => curve.xOnly(badPoint), 'bad-point', /^point must be a compressed point/],
    [() => curve.multiply(badPoint, secret), 'bad-point', /^point /],
    [() => curve.multiply(point, badSecret), 'bad-secret-key', /^secret key /],
    [() => curve.addPoints(badPoint, point), 'bad-point', /^first point /],
    [() => curve.addPoints(point, badPoint), 'bad-point', /^second point /],
    [() => curve.negate(secret), 'bad-point', /^point must be 33 bytes, not 32$/],
    [() => curve.addSecrets(badSecret, secret), 'bad-secret-key', /^first secret /],
    [() => curve.addSecrets(secret, badSecret), 'bad-secret-key', /^second secret /],
    [() => curve.multiplySecrets(badSecret, secret), 'bad-secret-key', /^first secret /],
    [() => curve.multiplySecrets(secret, badSecret), 'bad-secret-key', /^second secret /],
    [() => curve.negateSecret(badSecret), 'bad-secret-key', /^secret key /],
    [() => curve.schnorrSign(message, badSecret, secret), 'bad-secret-key', /^secret key /],
    [() => curve.schnorrSign(message, secret, point), 'bad-length', /^auxiliary randomness /],
    [() => curve.schnorrVerify(secret, message, secret), 'bad-length', /^signature /],
    [() => curve.schnorrVerify(new Uint8Array(64), message, point), 'bad-length', /^x-only key /],
  ];
  for (const [call, code, message] of cases) assert.throws(call, { name: 'HashpoolError', code, message });
  assert.deepEqual(curve.publicKey(secret), point, 'an error leaves nothing behind');
});

test('entropy blinds the multiplications and changes no result', () => {
  const other = loadCurve(wasm, new Uint8Array(32).fill(200));
  const secret = bytes32(77n);
  assert.deepEqual(other.publicKey(secret), curve.publicKey(secret));
  assert.throws(() => loadCurve(wasm, new Uint8Array(16)), { code: 'bad-length' });
});
