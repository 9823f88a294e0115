import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256d } from '../../../../protocols/bitcoin/hash.ts';
import { foldMerklePath, merklePath, merkleRoot } from '../../../../protocols/bitcoin/merkle.ts';
import { concatBytes, fromHex, reversed, toHex } from '../../../../protocols/bytes.ts';

/** Transaction ids and merkle roots of mainnet blocks 100000 and 125552, in display order. */
const blocks = [
  {
    root: 'f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766',
    txids: [
      '8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87',
      'fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4',
      '6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4',
      'e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d',
    ],
  },
  {
    root: '2b12fcf1b09288fcaff797d71e950e71ae42b91e8bdb2304758dfcffc2b620e3',
    txids: [
      '51d37bdd871c9e1f4d5541be67a6ab625e32028744d7d4609d0c37747b40cd2d',
      '60c25dda8d41f8d3d7d5c6249e2ea1b05a25bf7ae2ad6d904b512b31f997e1a1',
      '01f314cdd8566d3e5dbdd97de2d9fbfbfd6873e916a00d48758282cbb81a45b9',
      'b519286a1040da6ad83c783eb2872659eaf57b1bec088e614776ffe7dc8f6d01',
    ],
  },
];

test('merkle roots of mainnet blocks', () => {
  for (const { root, txids } of blocks) {
    const leaves = txids.map((txid) => reversed(fromHex(txid)));
    assert.equal(toHex(reversed(merkleRoot(leaves))), root);
    const [coinbase, ...others] = leaves;
    assert(coinbase !== undefined);
    assert.equal(merklePath(others).length, 2);
    assert.equal(toHex(reversed(foldMerklePath(coinbase, merklePath(others)))), root);
  }
});

test('a block with only its coinbase has an empty path and the txid as root', () => {
  assert.deepEqual(merklePath([]), []);
  const txid = new Uint8Array(32).fill(7);
  assert.deepEqual(merkleRoot([txid]), txid);
  assert.throws(() => merkleRoot([]), { code: 'no-leaves' });
});

test('path and fold agree with the whole tree, for any number of transactions', () => {
  const wholeTree = (leaves: Uint8Array[]): Uint8Array => {
    const [first, second, ...rest] = leaves;
    if (first === undefined) throw new Error('no leaves');
    if (second === undefined) return first;
    const all = [first, second, ...rest];
    const parents: Uint8Array[] = [];
    for (let i = 0; i < all.length; i += 2) {
      const left = all[i] ?? first;
      parents.push(sha256d(concatBytes(left, all[i + 1] ?? left)));
    }
    return wholeTree(parents);
  };
  const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.array(leaf, { minLength: 1, maxLength: 40 }), (leaves) => {
      assert.deepEqual(merkleRoot(leaves), wholeTree(leaves));
    }),
    { numRuns: 60 },
  );
});
