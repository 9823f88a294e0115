import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { bytes32, curve, ORDER } from './support.ts';

interface Vector {
  internalPubkey: string;
  tweak: string;
  tweakedPubkey: string;
  controlBlocks: string[];
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL('vectors/bip341.json', import.meta.url), 'utf8'));

for (const vector of vectors) {
  test(`BIP341 wallet vector ${vector.internalPubkey}`, () => {
    const tweaked = curve.tweakXOnly(fromHex(vector.internalPubkey), fromHex(vector.tweak));
    assert.equal(toHex(tweaked.xOnly), vector.tweakedPubkey);
    // The lowest bit of a control block is the parity of the output key.
    for (const block of vector.controlBlocks) assert.equal(tweaked.parity, (fromHex(block)[0] ?? 0) & 1);
  });
}

test('a zero tweak changes nothing but the parity, which becomes even', () => {
  const xOnly = curve.xOnly(curve.publicKey(bytes32(3n)));
  assert.deepEqual(curve.tweakXOnly(xOnly, bytes32(0n)), { xOnly, parity: 0 });
});

test('a tweak must be below the order, and the key an x coordinate', () => {
  const xOnly = curve.xOnly(curve.publicKey(bytes32(3n)));
  assert.throws(() => curve.tweakXOnly(xOnly, bytes32(ORDER)), {
    code: 'bad-scalar',
    message: 'tweak must be a number below the order of secp256k1',
  });
  assert.throws(() => curve.tweakXOnly(new Uint8Array(32).fill(255), bytes32(1n)), {
    code: 'bad-x-only-key',
  });
  assert.throws(() => curve.tweakXOnly(new Uint8Array(33), bytes32(1n)), { code: 'bad-x-only-key' });
});

test('a tweak that leads to infinity has no result', () => {
  const secret = bytes32(3n);
  const point = curve.publicKey(secret);
  const opposite = point[0] === 2 ? curve.negateSecret(secret) : secret;
  assert.throws(() => curve.tweakXOnly(curve.xOnly(point), opposite), { code: 'no-result' });
});
