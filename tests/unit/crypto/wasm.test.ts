import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { loadCurve } from '../../../protocols/crypto/curve.ts';
import { loadHash } from '../../../protocols/crypto/hash.ts';
import { instantiate } from '../../../protocols/crypto/wasm.ts';
import { threadCipher } from '../../../runtime/cipher.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { curve, wasm } from './support.ts';

/** The linker puts the stack below everything else. */
const STACK_TOP = 64 * 1024;
/** STACK_BYTES of vendor/module.c. */
const WIPED_STACK = 8 * 1024;
const UNTOUCHED = 0x5a;

const vendor = new URL('../../../vendor/', import.meta.url);

test('the module is the one that secp256k1.json describes', () => {
  const described = JSON.parse(readFileSync(new URL('secp256k1.json', vendor), 'utf8'));
  const file = readFileSync(new URL('secp256k1.wasm', vendor));
  assert.equal(createHash('sha256').update(file).digest('hex'), described.wasmSha256);
});

test('curve, hash and cipher load once a thread', async () => {
  const { curve, hash } = await loadCrypto();
  const cipher = await threadCipher();
  assert.equal((await loadCrypto()).curve, curve);
  assert.equal(await threadCipher(), cipher);
  assert.equal(hash.sha256(curve.publicKey(new Uint8Array(32).fill(1))).length, 32);
  assert.equal(
    cipher.encrypt(new Uint8Array(32), new Uint8Array(12), new Uint8Array(0), new Uint8Array(3)).length,
    19,
  );
});

test('a secret that was used is nowhere in memory once input and stack are wiped', () => {
  const { exports } = new WebAssembly.Instance(wasm);
  const call = (name: string, ...numbers: number[]): number => {
    const found = exports[name];
    assert.ok(typeof found === 'function');
    return Number(found(...numbers));
  };
  const { memory } = exports;
  assert.ok(memory instanceof WebAssembly.Memory);
  const bytes = Buffer.from(memory.buffer);
  const secret = Buffer.from(Array.from({ length: 32 }, (_, i) => 0xa1 + i));
  const limbs = Buffer.from(secret).reverse();
  const [out, key, message] = [0, 256, 512].map((offset) => call('io_area') + offset);
  assert.ok(out !== undefined && key !== undefined && message !== undefined);
  call('curve_start', message);
  const uses: [string, ...number[]][] = [
    ['public_key', out, key],
    ['point_multiply', out, message, key],
    ['secret_negate', out, key],
    ['sign_blinded', out, message, key, 0],
    ['verify_proof', out, message, 33, message, key],
    ['schnorr_sign', out, message, 32, key, message],
    ['ellswift_create', out, key, message],
    ['ellswift_xdh', out, message, message, key, 0],
    ['hmac_sha256', out, key, 32, message, 32],
    ['sha256', out, key, 32],
  ];
  for (const [name, ...numbers] of uses) {
    bytes.set(curve.publicKey(new Uint8Array(32).fill(5)), message);
    bytes.set(secret, key);
    bytes.fill(UNTOUCHED, 0, STACK_TOP);
    assert.notEqual(Math.sign(call(name, ...numbers)), -1, name);
    const deepest = bytes.findIndex((byte) => byte !== UNTOUCHED);
    assert.ok(deepest >= STACK_TOP - WIPED_STACK, `${name} uses ${STACK_TOP - deepest} bytes of the stack`);
    bytes.fill(0, key, key + 32);
    call('scrub_stack');
    for (const part of [secret, limbs]) {
      assert.equal(bytes.indexOf(part.subarray(0, 8)), -1, `${name} leaves the secret's begin`);
      assert.equal(bytes.indexOf(part.subarray(24)), -1, `${name} leaves the secret's end`);
    }
  }
});

test('inputs and results are wiped after the call, and room is bounded', () => {
  const module = instantiate(wasm);
  const at = module.put(Uint8Array.of(1, 2, 3));
  assert.deepEqual(module.take(at, 3), Uint8Array.of(1, 2, 3));
  module.wipe();
  assert.deepEqual(module.take(at, 3), new Uint8Array(3));
  assert.equal(module.reserve(160 * 1024), at);
  assert.throws(() => module.reserve(1), { code: 'input-too-long' });
});

test('a module that is not ours is refused', () => {
  const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  assert.throws(() => loadHash(empty), { code: 'bad-wasm', message: /exports no memory/ });
  assert.throws(() => loadCurve(empty, new Uint8Array(32)), { code: 'bad-wasm' });
  assert.throws(() => instantiate(wasm).function('absent'), { code: 'bad-wasm', message: /no absent/ });
});
