import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeBytes, readNode, SumPeaks } from '../../../../protocols/ehash/sum-peaks.ts';
import { leafNode, SumTree, verifySumProof } from '../../../../protocols/ehash/sum-tree.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';

const leaves = fc.array(
  fc.record({
    commitment: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    amount: fc.bigInt({ min: 0n, max: 1n << 62n }),
  }),
  { minLength: 1, maxLength: 100 },
);

test('a tree that grows has the root of the tree over its leaves, also when it is put away meanwhile', () => {
  fc.assert(
    fc.property(leaves, fc.nat(100), (all, away) => {
      let peaks = SumPeaks.empty();
      all.forEach((leaf, i) => {
        if (i === away) peaks = SumPeaks.read(peaks.count, peaks.bytes());
        peaks.add(leafNode(leaf));
      });
      assert.deepEqual(peaks.root, SumTree.of(all).root);
    }),
  );
});

test('a path is one within a chunk of leaves and one over the chunks', () => {
  fc.assert(
    fc.property(leaves, (all) => {
      const chunk = 8;
      const chunks = Array.from({ length: Math.ceil(all.length / chunk) }, (_, i) =>
        SumTree.of(all.slice(i * chunk, (i + 1) * chunk)),
      );
      const top = new SumTree(chunks.map(({ root }) => root));
      const root = { ...top.root, count: all.length };
      all.forEach((leaf, index) => {
        const at = Math.floor(index / chunk);
        const siblings = [...(chunks[at]?.proof(index % chunk).siblings ?? []), ...top.proof(at).siblings];
        verifySumProof(root, leaf, { index, siblings });
      });
    }),
  );
});

test('a tree without leaves has no root', () => {
  assert.equal(SumPeaks.empty().root, undefined);
  assert.equal(SumPeaks.read(0, new Uint8Array()).count, 0);
});

test('bytes that are not the peaks of so many leaves are refused', () => {
  const node = leafNode({ commitment: new Uint8Array(32), amount: (1n << 127n) + 5n });
  assert.deepEqual(readNode(nodeBytes(node)), { hash: Uint8Array.from(node.hash), sum: node.sum });
  const isLength = (error: unknown) => isHashpoolError(error, 'bad-length');
  assert.throws(() => SumPeaks.read(3, nodeBytes(node)), isLength);
  assert.throws(() => readNode(new Uint8Array(47)), isLength);
});
