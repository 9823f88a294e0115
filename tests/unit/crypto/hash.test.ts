import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, u32Le, utf8 } from '../../../protocols/bytes.ts';
import type { HashedJob } from '../../../protocols/crypto/hash.ts';
import { anyBytes, hash } from './support.ts';

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());
const sha256d = (bytes: Uint8Array) => sha256(sha256(bytes));
const anyU32 = fc.nat(0xffffffff);

test('FIPS 180-4 examples', () => {
  assert.equal(
    toHex(hash.sha256(utf8('abc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  assert.equal(
    toHex(hash.sha256(utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  );
});

test('hashes of every length up to four blocks are those of node:crypto', () => {
  for (let length = 0; length <= 256; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    assert.deepEqual(hash.sha256(bytes), sha256(bytes));
    assert.deepEqual(hash.sha256d(bytes), sha256d(bytes));
  }
});

test('the longest input, and one byte more', () => {
  const longest = new Uint8Array(160 * 1024 - 32).fill(3);
  assert.deepEqual(hash.sha256(longest), sha256(longest));
  assert.throws(() => hash.sha256(new Uint8Array(longest.length + 1)), { code: 'input-too-long' });
  assert.deepEqual(hash.sha256(longest), sha256(longest));
});

test('HMAC is that of node:crypto, with keys on both sides of a block', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 140 }), fc.uint8Array({ maxLength: 200 }), (key, bytes) => {
      const expected = new Uint8Array(createHmac('sha256', key).update(bytes).digest());
      assert.deepEqual(hash.hmacSha256(key, bytes), expected);
    }),
    { numRuns: 300 },
  );
});

const anyJob = fc.record({
  coinbasePrefix: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  coinbaseSuffix: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  merklePath: fc.array(anyBytes(32), { maxLength: 14 }),
  prevHashLe: anyBytes(32),
  nbits: anyU32,
});
const shareWith = (extranonce: fc.Arbitrary<Uint8Array>) =>
  fc.record({ extranonce, version: anyU32, ntime: anyU32, nonce: anyU32 });

test('a share is coinbase, merkle fold and header, hashed one by one', () => {
  const anyShare = shareWith(fc.uint8Array({ maxLength: 32 }));
  fc.assert(
    fc.property(anyJob, anyShare, (job, share) => {
      let root = sha256d(concatBytes(job.coinbasePrefix, share.extranonce, job.coinbaseSuffix));
      for (const step of job.merklePath) root = sha256d(concatBytes(root, step));
      const header = concatBytes(
        u32Le(share.version),
        job.prevHashLe,
        root,
        u32Le(share.ntime),
        u32Le(job.nbits),
        u32Le(share.nonce),
      );
      assert.deepEqual(hash.shareHeader(job, share), { header, hashLe: sha256d(header) });
    }),
    { numRuns: 300 },
  );
});

test('many shares of one job are hashed as each of them alone', () => {
  const anyShares = fc
    .nat({ max: 70 })
    .chain((length) => fc.array(shareWith(anyBytes(length)), { maxLength: 9 }));
  fc.assert(
    fc.property(anyJob, anyShares, (job, shares) => {
      const alone = shares.map((share) => hash.shareHeader(job, share));
      assert.deepEqual(hash.shareHeaders(job, shares), alone);
    }),
    { numRuns: 300 },
  );
});

test('the genesis block is a share of its coinbase', () => {
  const coinbase = fromHex(
    '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
  );
  const { header, hashLe } = hash.shareHeader(
    {
      coinbasePrefix: coinbase.slice(0, 50),
      coinbaseSuffix: coinbase.slice(54),
      merklePath: [],
      prevHashLe: new Uint8Array(32),
      nbits: 0x1d00ffff,
    },
    { extranonce: coinbase.slice(50, 54), version: 1, ntime: 1231006505, nonce: 2083236893 },
  );
  assert.equal(toHex(hashLe.reverse()), '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f');
  assert.equal(hash.scanNonces(header, 2083236893 - 100_000, 200_000, 43), 2083236893);
  assert.equal(hash.scanNonces(header, 2083236893 - 100_000, 100_000, 43), undefined);
});

test('malformed jobs', () => {
  const job: HashedJob = {
    coinbasePrefix: new Uint8Array(10),
    coinbaseSuffix: new Uint8Array(10),
    merklePath: [],
    prevHashLe: new Uint8Array(32),
    nbits: 0,
  };
  const share = { extranonce: new Uint8Array(8), version: 0, ntime: 0, nonce: 0 };
  const call = (change: Partial<HashedJob>) => () => hash.shareHeader({ ...job, ...change }, share);
  assert.throws(call({ prevHashLe: new Uint8Array(31) }), {
    code: 'bad-length',
    message: 'prevHashLe must be 32 bytes, not 31',
  });
  assert.throws(call({ merklePath: [new Uint8Array(33)] }), { code: 'bad-length' });
  assert.throws(call({ merklePath: new Array(33).fill(new Uint8Array(32)) }), {
    code: 'bad-length',
    message: 'merklePath has 33 steps: at most 32',
  });
  assert.throws(call({ coinbasePrefix: new Uint8Array(200_000) }), { code: 'input-too-long' });
  const uneven = [share, { ...share, extranonce: new Uint8Array(7) }];
  assert.throws(() => hash.shareHeaders(job, uneven), {
    code: 'bad-length',
    message: 'extranonce must be 8 bytes, not 7',
  });
  assert.equal(hash.shareHeader(job, share).hashLe.length, 32, 'an error leaves nothing behind');
});

const leadingZeros = (hashLe: Uint8Array): number => {
  const display = BigInt(`0x${toHex(Uint8Array.from(hashLe).reverse())}`);
  return display === 0n ? 256 : 256 - display.toString(2).length;
};

test('the nonce scan finds the first nonce that has the zeros, and none that has not', () => {
  fc.assert(
    fc.property(
      anyBytes(80),
      fc.nat(2 ** 32 - 301),
      fc.nat(300),
      fc.integer({ min: 0, max: 9 }),
      (header, first, count, bits) => {
        let expected: number | undefined;
        for (let nonce = first; nonce < first + count && expected === undefined; nonce++) {
          const candidate = concatBytes(header.slice(0, 76), u32Le(nonce));
          if (leadingZeros(sha256d(candidate)) >= bits) expected = nonce;
        }
        assert.equal(hash.scanNonces(header, first, count, bits), expected);
      },
    ),
    { numRuns: 100 },
  );
});

test('the nonce scan refuses ranges that do not exist', () => {
  const header = new Uint8Array(80);
  const refused = { code: 'bad-range' };
  assert.throws(() => hash.scanNonces(header, -1, 1, 1), refused);
  assert.throws(() => hash.scanNonces(header, 2 ** 32, 1, 1), refused);
  assert.throws(() => hash.scanNonces(header, 2 ** 32 - 1, 2, 1), refused);
  assert.throws(() => hash.scanNonces(header, 0, 1.5, 1), refused);
  assert.throws(() => hash.scanNonces(header, 0, 1, 257), {
    code: 'bad-range',
    message: 'targetBits must be an integer from 0 to 256, not 257',
  });
  assert.throws(() => hash.scanNonces(new Uint8Array(79), 0, 1, 1), { code: 'bad-length' });
  assert.equal(hash.scanNonces(header, 2 ** 32 - 1, 1, 0), 2 ** 32 - 1);
  assert.equal(hash.scanNonces(header, 5, 0, 0), undefined);
});
