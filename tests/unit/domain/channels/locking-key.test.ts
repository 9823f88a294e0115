import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  channelKey,
  KnownKeys,
  lockingKeyField,
  MAX_KNOWN_KEYS,
} from '../../../../domain/channels/locking-key.ts';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  RESUME_TOKEN_FIELD,
} from '../../../../protocols/ehash/extension.ts';

const key = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const house = fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5');
const bad = new Uint8Array(33).fill(5);
const field = (value: Uint8Array) => [
  { extension: 2, field: LOCKING_KEY_FIELD, value: house },
  { extension: EHASH_EXTENSION, field: RESUME_TOKEN_FIELD, value: new Uint8Array(16) },
  { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value },
];

describe("a channel's key", () => {
  it('is the field, else the name if that is a key, else the house', () => {
    assert.deepEqual(channelKey(toHex(house), field(key), true, undefined), key);
    assert.deepEqual(channelKey(`${toHex(key)}.rig`, [], true, house), key);
    assert.deepEqual(channelKey('alice', [], true, house), house);
  });

  it('may be left to the shares, where ehash is spoken', () => {
    assert.equal(channelKey('alice', [], true, undefined), undefined);
    assert.equal(channelKey('alice', [], false, undefined), 'invalid-user-identity');
    assert.equal(channelKey('', [], false, undefined), 'invalid-user-identity');
  });

  it('must be right where one was meant, whoever else could be paid', () => {
    assert.equal(channelKey(toHex(key), field(bad), true, house), 'invalid-ehash-key');
    assert.equal(channelKey(toHex(key), field(key.subarray(1)), true, house), 'invalid-ehash-key');
    assert.equal(channelKey(toHex(key).slice(1), [], true, house), 'invalid-ehash-key');
    assert.equal(channelKey('hpub1mistyped', [], true, house), 'invalid-ehash-key');
  });

  it('is found among the fields of other extensions', () => {
    assert.deepEqual(lockingKeyField(field(key)), key);
    assert.equal(lockingKeyField(field(key).slice(0, 2)), undefined);
  });

  it('is known once it was looked at, as long as there are not too many', () => {
    const keys = new KnownKeys();
    keys.add(key);
    assert.ok(keys.has(Uint8Array.from(key)));
    assert.ok(!keys.has(house));
    keys.add(house);
    assert.ok(keys.has(key) && keys.has(house) && keys.has(key));
    for (let i = 0; i < MAX_KNOWN_KEYS; i++) keys.add(Uint8Array.of(2, i & 0xff, i >> 8));
    assert.ok(!keys.has(key));
  });
});
