import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import { decodeHpub, encodeHpub, hasKeyForm, parseMiner } from '../../../../protocols/ehash/key.ts';

const GENERATOR = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const generator = fromHex(GENERATOR);
const hpub = encodeHpub(generator);

describe('locking keys', () => {
  it('have 33 bytes, the first 02 or 03', () => {
    assert.ok(hasKeyForm(generator));
    assert.ok(!hasKeyForm(fromHex(`04${GENERATOR.slice(2)}`)));
    assert.ok(!hasKeyForm(generator.subarray(1)));
    assert.ok(!hasKeyForm(new Uint8Array(0)));
  });

  it('encodes and decodes hpub, in either case', () => {
    assert.match(hpub, /^hpub1[02-9ac-hj-np-z]{59}$/);
    assert.deepEqual(decodeHpub(hpub), generator);
    assert.deepEqual(decodeHpub(hpub.toUpperCase()), generator);
    assert.throws(() => encodeHpub(new Uint8Array(33)), { code: 'bad-miner-key' });
  });

  it('finds every single mistyped character', () => {
    const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
    for (let i = 5; i < hpub.length; i++) {
      const wrong = alphabet[(alphabet.indexOf(hpub[i] ?? '') + 1) % 32];
      assert.throws(() => decodeHpub(hpub.slice(0, i) + wrong + hpub.slice(i + 1)), {
        code: 'bad-miner-key',
      });
    }
  });
});

describe('parseMiner', () => {
  it('takes a key with and without a worker', () => {
    assert.deepEqual(parseMiner(hpub), { kind: 'key', key: generator, checked: true });
    assert.deepEqual(parseMiner(`${hpub}.rig.7`), {
      kind: 'key',
      key: generator,
      worker: 'rig.7',
      checked: true,
    });
    assert.deepEqual(parseMiner(` ${hpub}. `), { kind: 'key', key: generator, checked: true });
  });

  it('takes a key in hex and says that it was not checked', () => {
    const miner = parseMiner(`${GENERATOR.toUpperCase()}.a`);
    assert.deepEqual(miner, { kind: 'key', key: generator, worker: 'a', checked: false });
  });

  it('takes anything else as a name', () => {
    assert.deepEqual(parseMiner('alice.s19'), { kind: 'name', name: 'alice', worker: 's19' });
    assert.deepEqual(parseMiner(''), { kind: 'name', name: '' });
    assert.deepEqual(parseMiner(`alice.${GENERATOR}`), { kind: 'name', name: 'alice', worker: GENERATOR });
    assert.deepEqual(parseMiner('ab'.repeat(29)), { kind: 'name', name: 'ab'.repeat(29) });
  });

  it('never takes what was meant as a key for a name', () => {
    const meantAsKeys = [
      'hpub1',
      'HPUB1abc.worker',
      hpub.slice(0, -1),
      `${hpub}q`,
      GENERATOR.slice(0, 60),
      `${GENERATOR}00`,
      `x${GENERATOR}`,
      GENERATOR.replace('7', 'g'),
      `0x${GENERATOR}`,
      `04${GENERATOR.slice(2)}`,
    ];
    for (const username of meantAsKeys) {
      assert.throws(() => parseMiner(username), { code: 'bad-miner-key', message: /mistyped/ }, username);
    }
  });

  it('returns the very key that was encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        fc.pre(secp256k1.utils.isValidSecretKey(seed));
        const key = secp256k1.getPublicKey(seed);
        const byHpub = parseMiner(encodeHpub(key));
        const byHex = parseMiner(toHex(key));
        assert.ok(byHpub.kind === 'key' && byHex.kind === 'key');
        assert.deepEqual(byHpub.key, key);
        assert.deepEqual(byHex.key, key);
      }),
      { numRuns: 20 },
    );
  });
});
