import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, toHex } from '../../../../protocols/bytes.ts';
import {
  innerNode,
  leafNode,
  MAX_SUM,
  type SumLeaf,
  type SumNode,
  type SumProof,
  SumTree,
  verifySumProof,
} from '../../../../protocols/ehash/sum-tree.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';

const leaf = fc.record({
  commitment: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  amount: fc.bigInt({ min: 0n, max: 1n << 62n }),
});
const leaves = fc.array(leaf, { minLength: 1, maxLength: 70 });

const is = (code: string) => (error: unknown) => isHashpoolError(error, code);

/** `n` leaves of amounts 1, 2, 3 … */
function numbered(n: number): SumLeaf[] {
  return Array.from({ length: n }, (_, i) => ({
    commitment: new Uint8Array(32).fill(i + 1),
    amount: BigInt(i + 1),
  }));
}

/** The recursive definition of RFC 9162, 2.1.1, with sums: what the tree is measured against. */
function rootByDefinition(all: readonly SumLeaf[]): SumNode {
  const [first] = all;
  assert.ok(first);
  if (all.length === 1) return leafNode(first);
  const split = 2 ** Math.ceil(Math.log2(all.length) - 1);
  return innerNode(rootByDefinition(all.slice(0, split)), rootByDefinition(all.slice(split)));
}

test('the root is that of the definition, with the sum and the number of all leaves', () => {
  for (let n = 1; n <= 40; n++) {
    const { hash, sum, count } = SumTree.of(numbered(n)).root;
    assert.deepEqual({ hash, sum }, rootByDefinition(numbered(n)));
    assert.equal(sum, (BigInt(n) * BigInt(n + 1)) / 2n);
    assert.equal(count, n);
  }
});

test('each leaf is proven, and its proof says what stands before it', () => {
  fc.assert(
    fc.property(leaves, (all) => {
      const tree = SumTree.of(all);
      let before = 0n;
      all.forEach((each, i) => {
        assert.equal(verifySumProof(tree.root, each, tree.proof(i)), before);
        before += each.amount;
      });
      assert.equal(tree.root.sum, before);
    }),
  );
});

test('whatever is changed of a leaf or its path, the proof fails', () => {
  const { root, proofs } = treeOf(11);
  for (const [i, { own, proof }] of proofs.entries()) {
    const commitment = own.commitment.with(5, 0xff);
    assert.throws(() => verifySumProof(root, { ...own, commitment }, proof), is('wrong-root'));
    assert.throws(() => verifySumProof(root, { ...own, amount: own.amount + 1n }, proof), is('wrong-total'));
    proof.siblings.forEach((node, at) => {
      const other = proof.siblings.with(at, { ...node, hash: node.hash.with(0, (node.hash[0] ?? 0) ^ 1) });
      assert.throws(() => verifySumProof(root, own, { index: i, siblings: other }), is('wrong-root'));
      const more = proof.siblings.with(at, { ...node, sum: node.sum + 1n });
      assert.throws(() => verifySumProof(root, own, { index: i, siblings: more }), is('wrong-total'));
    });
  }
});

test('amounts that are moved from one node to another are seen, though the total holds', () => {
  const { root, proofs } = treeOf(8);
  const [first] = proofs;
  assert.ok(first);
  const [low, ...rest] = first.proof.siblings;
  assert.ok(low);
  const moved = { index: 0, siblings: [{ ...low, sum: low.sum - 1n }, ...rest] };
  const richer = { ...first.own, amount: first.own.amount + 1n };
  assert.throws(() => verifySumProof(root, richer, moved), is('wrong-root'));
});

test('a path of another length, or for another place, is refused', () => {
  const { root, proofs } = treeOf(11);
  const proof = proofs[2]?.proof;
  const own = proofs[2]?.own;
  assert.ok(proof && own);
  const { siblings } = proof;
  const wrong: readonly [SumProof, string][] = [
    [{ index: 2, siblings: siblings.slice(1) }, 'wrong-path-length'],
    [{ index: 2, siblings: [...siblings, leafNode(own)] }, 'wrong-path-length'],
    [{ index: 2, siblings: [] }, 'wrong-path-length'],
    [{ index: 3, siblings }, 'wrong-root'],
    [{ index: 10, siblings }, 'wrong-path-length'],
    [{ index: 11, siblings }, 'index-out-of-range'],
    [{ index: -1, siblings }, 'index-out-of-range'],
    [{ index: 1.5, siblings }, 'index-out-of-range'],
  ];
  for (const [bad, code] of wrong) assert.throws(() => verifySumProof(root, own, bad), is(code), code);
});

test('an inner node is never taken for a leaf, nor a leaf for an inner node', () => {
  const tree = SumTree.of(numbered(4));
  const [a, b, c, d] = numbered(4).map(leafNode);
  assert.ok(a && b && c && d);
  const left = innerNode(a, b);
  const right = innerNode(c, d);
  // A tree of two whose "leaves" are the inner nodes of the real one.
  const root = { ...tree.root, count: 2 };
  const posed = { commitment: left.hash, amount: left.sum };
  assert.throws(() => verifySumProof(root, posed, { index: 0, siblings: [right] }), is('wrong-root'));
  assert.notDeepEqual(leafNode({ commitment: a.hash, amount: a.sum }).hash, a.hash);
});

test('no sum passes 128 bits or falls below zero', () => {
  const half = { hash: new Uint8Array(32), sum: MAX_SUM };
  assert.throws(() => innerNode(half, { ...half, sum: 1n }), is('sum-out-of-range'));
  assert.throws(() => innerNode(half, { ...half, sum: -1n }), is('sum-out-of-range'));
  assert.throws(() => leafNode({ commitment: new Uint8Array(32), amount: -1n }), is('sum-out-of-range'));
  assert.throws(
    () => leafNode({ commitment: new Uint8Array(32), amount: MAX_SUM + 1n }),
    is('sum-out-of-range'),
  );
  assert.equal(innerNode(half, { ...half, sum: 0n }).sum, MAX_SUM);

  // A liability that is made smaller by a negative one beside it.
  const { root, proofs } = treeOf(2);
  const [own] = proofs;
  assert.ok(own);
  const beside = { hash: new Uint8Array(32), sum: -2n };
  assert.throws(
    () => verifySumProof(root, own.own, { index: 0, siblings: [beside] }),
    is('sum-out-of-range'),
  );
});

test('what is no tree is refused', () => {
  assert.throws(() => SumTree.of([]), is('empty-tree'));
  assert.throws(() => SumTree.of([{ commitment: new Uint8Array(31), amount: 1n }]), is('bad-length'));
  assert.throws(() => SumTree.of(numbered(3)).proof(3), is('index-out-of-range'));
});

test('the format as it is written down', () => {
  const tag = (name: string) => {
    const once = createHash('sha256').update(name).digest();
    return concatBytes(once, once);
  };
  const sum = (value: number) => {
    const bytes = new Uint8Array(16);
    bytes[15] = value;
    return bytes;
  };
  const [one, two] = numbered(2);
  assert.ok(one && two);
  const sha = (...parts: Uint8Array[]) =>
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest();
  const leaf1 = sha(tag('hashpool/sum-tree/leaf/v1'), one.commitment, sum(1));
  const leaf2 = sha(tag('hashpool/sum-tree/leaf/v1'), two.commitment, sum(2));
  const root = sha(tag('hashpool/sum-tree/node/v1'), leaf1, sum(1), leaf2, sum(2));
  assert.equal(toHex(SumTree.of([one, two]).root.hash), toHex(root));
});

function treeOf(n: number) {
  const tree = SumTree.of(numbered(n));
  const proofs = numbered(n).map((own, i) => ({ own, proof: tree.proof(i) }));
  return { root: tree.root, proofs };
}
