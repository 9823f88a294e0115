import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256d } from '../../../../protocols/bitcoin/hash.ts';
import { leadingZeroBits } from '../../../../protocols/bitcoin/target.ts';
import { ehashAmount } from '../../../../protocols/ehash/amount.ts';
import {
  type OpenedShare,
  samplePoints,
  shareLeaf,
  shareSalt,
  verifySample,
} from '../../../../protocols/ehash/share-leaf.ts';
import { SumTree } from '../../../../protocols/ehash/sum-tree.ts';
import type { WorkRecord } from '../../../../protocols/ehash/work-record.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';

const terms = { policy: 'target', minimumDifficulty: 1 } as const;
const secret = new Uint8Array(32).fill(7);
const is = (code: string) => (error: unknown) => isHashpoolError(error, code);

/** A header whose hash has `k` leading zero bits or more. */
function mined(k: number, number: number): WorkRecord {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  view.setUint32(0, number);
  for (let nonce = 0; leadingZeroBits(sha256d(header)) < k; ) view.setUint32(76, ++nonce);
  return { header, k, key: new Uint8Array(33).fill(2) };
}

const leafOf = ({ header, k, key }: WorkRecord, salt = shareSalt(secret, sha256d(header))) => {
  const hashLe = sha256d(header);
  return shareLeaf({ hashLe, k, key }, salt, ehashAmount('target', terms.minimumDifficulty, k, hashLe));
};

/** A report over shares of difficulties 1 to 6, and what answers each of its sample points. */
function report(shares: readonly WorkRecord[]) {
  const leaves = shares.map((share) => leafOf(share));
  const tree = SumTree.of(leaves);
  const points = samplePoints(tree.root, new Uint8Array(32).fill(9), 12);
  const opened = points.map((point): OpenedShare => {
    let sum = 0n;
    const index = leaves.findIndex(({ amount }) => {
      sum += amount;
      return point < sum;
    });
    const share = shares[index];
    assert.ok(share);
    return { ...share, salt: shareSalt(secret, sha256d(share.header)), proof: tree.proof(index) };
  });
  return { root: tree.root, points, opened, tree };
}

const shares = Array.from({ length: 23 }, (_, i) => mined(1 + (i % 6), i));

test('an honest report opens at every point that a block draws', () => {
  const { root, points, opened } = report(shares);
  verifySample(root, points, opened, terms);
  assert.equal(
    root.sum,
    shares.reduce((sum, { k }) => sum + (1n << BigInt(k - 1)), 0n),
  );
});

test('another block draws other points', () => {
  const { root, points } = report(shares);
  assert.notDeepEqual(samplePoints(root, new Uint8Array(32).fill(8), 12), points);
  assert.deepEqual(samplePoints(root, new Uint8Array(32).fill(9), 12), points);
  assert.ok(points.every((point) => point >= 0n && point < root.sum));
});

test('tampered: a share that pays another key', () => {
  const { root, points, opened } = report(shares);
  const [first, ...rest] = opened;
  assert.ok(first);
  const stolen = { ...first, key: new Uint8Array(33).fill(3) };
  assert.throws(() => verifySample(root, points, [stolen, ...rest], terms), is('wrong-root'));
});

test('tampered: a total below what the shares come to', () => {
  const { root, points, opened } = report(shares);
  assert.throws(
    () => verifySample({ ...root, sum: root.sum - 1n }, points, opened, terms),
    is('wrong-total'),
  );
});

test('tampered: work that nobody did', () => {
  const idle = { header: new Uint8Array(80).fill(5), k: 40, key: new Uint8Array(33).fill(2) };
  const { root, points, opened } = report([...shares, idle]);
  // It claims nearly all of the work, so nearly every point falls on it.
  assert.throws(() => verifySample(root, points, opened, terms), is('work-not-proven'));
});

test('tampered: one share that stands in the report twice', () => {
  const big = mined(14, 1000);
  const { root, points, opened } = report([...shares, big, big]);
  assert.throws(() => verifySample(root, points, opened, terms), is('share-twice'));
});

test('tampered: a share that is shown in the place of the one that was drawn', () => {
  const { root, points, opened, tree } = report(shares);
  const other = opened.findIndex(({ proof }) => proof.index !== opened[0]?.proof.index);
  const chosen = opened[other];
  assert.ok(chosen);
  assert.throws(() => verifySample(root, points, opened.with(0, chosen), terms), is('wrong-sample'));
  assert.throws(() => verifySample(root, points, opened.slice(1), terms), is('wrong-sample'));
  assert.equal(tree.root.count, shares.length);
});

test('tampered: a share that was left out', () => {
  const { points, opened, root } = report(shares);
  const without = SumTree.of(shares.slice(1).map((share) => leafOf(share)));
  const claimed = { ...without.root, sum: root.sum, count: root.count };
  assert.throws(() => verifySample(claimed, points, opened, terms), is('wrong-root'));
});

test('a salt keeps a share from being guessed, and is needed to show it', () => {
  const [share] = shares;
  assert.ok(share);
  const own = shareSalt(secret, sha256d(share.header));
  assert.notDeepEqual(leafOf(share, new Uint8Array(32)).commitment, leafOf(share, own).commitment);
  assert.notDeepEqual(own, shareSalt(new Uint8Array(32), sha256d(share.header)));
  assert.throws(() => leafOf(share, new Uint8Array(31)), is('bad-length'));
  assert.throws(() => leafOf({ ...share, key: new Uint8Array(32) }), is('bad-length'));
});

test('nothing is drawn from a report that comes to nothing', () => {
  const { root } = SumTree.of([{ commitment: new Uint8Array(32), amount: 0n }]);
  assert.throws(() => samplePoints(root, new Uint8Array(32), 1), is('empty-tree'));
});
