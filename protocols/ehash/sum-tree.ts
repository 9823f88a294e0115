import { equalBytes } from '../bytes.ts';
import { taggedHash } from '../crypto/tagged-hash.ts';
import { HashpoolError } from '../errors.ts';

/** A node of a Merkle sum tree, or its root's: what is below it, and what that comes to. */
export interface SumNode {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** 0 to {@link MAX_SUM}. */
  readonly sum: bigint;
}

/** What a leaf stands for, without telling it: a hash of 32 bytes, and the amount. */
export interface SumLeaf {
  readonly commitment: Uint8Array;
  readonly amount: bigint;
}

/** What is published of a tree: its root, what its leaves come to, and how many they are, so that its shape is known. */
export interface SumRoot extends SumNode {
  readonly count: number;
}

/** That a leaf is in a tree: the nodes beside its way up, the lowest first. */
export interface SumProof {
  readonly index: number;
  readonly siblings: readonly SumNode[];
}

/** The largest sum: 16 bytes. All hashes that Bitcoin's miners have ever made come to less than 2^100. */
export const MAX_SUM = (1n << 128n) - 1n;

/** Leaves of one tree: what a pool of a thousand shares a second finds in three weeks. */
export const MAX_LEAVES = 2 ** 31;

const SUM_BYTES = 16;
const leafHash = taggedHash('hashpool/sum-tree/leaf/v1');
const nodeHash = taggedHash('hashpool/sum-tree/node/v1');

/**
 * The leaf of a tree. Leaves and inner nodes are hashed under tags of their own (BIP340's tagged hashes), so that
 * neither can be shown for the other.
 * @throws HashpoolError 'sum-out-of-range', 'bad-length'
 */
export function leafNode({ commitment, amount }: SumLeaf): SumNode {
  checkLength(commitment, "a leaf's commitment");
  return { hash: leafHash(commitment, sumBytes(amount)), sum: amount };
}

/** The node above two others: it commits to both hashes and both sums. @throws HashpoolError 'sum-out-of-range', 'bad-length' */
export function innerNode(left: SumNode, right: SumNode): SumNode {
  checkLength(left.hash, "a node's hash");
  checkLength(right.hash, "a node's hash");
  const sum = left.sum + right.sum;
  checkSum(sum);
  return {
    hash: nodeHash(left.hash, sumBytes(left.sum), right.hash, sumBytes(right.sum)),
    sum,
  };
}

/**
 * A tree over leaves in their order, kept whole so that proofs can be drawn from it. As in RFC 9162, a tree of n leaves
 * has on its left the largest power of two below n, and an odd node goes up as it is: no leaf stands for two.
 */
export class SumTree {
  /** From the leaves up; the last has one node. */
  readonly #levels: readonly (readonly SumNode[])[];

  /**
   * @param nodes its leaves, or the roots of subtrees that have each as many leaves, a power of two, but for the last
   * @throws HashpoolError 'empty-tree', 'too-many-leaves', 'sum-out-of-range', 'bad-length'
   */
  constructor(nodes: readonly SumNode[]) {
    if (nodes.length === 0) throw new HashpoolError('empty-tree', 'a sum tree needs one leaf at least');
    if (nodes.length > MAX_LEAVES) {
      throw new HashpoolError(
        'too-many-leaves',
        `${nodes.length} leaves; a sum tree has ${MAX_LEAVES} at most`,
      );
    }
    const levels = [nodes];
    for (let level = levels[0] ?? []; level.length > 1; ) {
      level = levelAbove(level);
      levels.push(level);
    }
    this.#levels = levels;
  }

  /** The tree over leaves. @throws HashpoolError as the constructor */
  static of(leaves: readonly SumLeaf[]): SumTree {
    return new SumTree(leaves.map(leafNode));
  }

  get root(): SumRoot {
    const top = nodeAt(this.#levels.at(-1) ?? [], 0);
    return { ...top, count: this.#levels[0]?.length ?? 0 };
  }

  /** That the leaf at `index` is in the tree. @throws HashpoolError 'index-out-of-range' */
  proof(index: number): SumProof {
    checkIndex(index, this.root.count);
    let at = index;
    const siblings = this.#levels.slice(0, -1).flatMap((level) => {
      const beside = at ^ 1;
      at >>>= 1;
      return beside < level.length ? [nodeAt(level, beside)] : [];
    });
    return { index, siblings };
  }
}

/**
 * Whether a leaf is in the tree of `root`.
 * @returns what the leaves before it come to: it covers the amounts from there on, which no other leaf does
 * @throws HashpoolError 'index-out-of-range', 'wrong-path-length', 'sum-out-of-range', 'bad-length', 'wrong-total' where
 * the sums on the way do not come to the root's, 'wrong-root' where the hashes do not
 */
export function verifySumProof(root: SumRoot, leaf: SumLeaf, { index, siblings }: SumProof): bigint {
  checkIndex(index, root.count);
  let node = leafNode(leaf);
  let before = 0n;
  let used = 0;
  for (let at = index, width = root.count; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
    const isRight = at % 2 === 1;
    if (!isRight && at === width - 1) continue;
    const beside = siblings[used++];
    if (!beside) throw wrongLength(siblings.length);
    if (isRight) before += beside.sum;
    node = isRight ? innerNode(beside, node) : innerNode(node, beside);
  }
  if (used !== siblings.length) throw wrongLength(siblings.length);
  if (node.sum !== root.sum) {
    throw new HashpoolError('wrong-total', `the path comes to ${node.sum}, the root says ${root.sum}`);
  }
  if (!equalBytes(node.hash, root.hash)) {
    throw new HashpoolError('wrong-root', `leaf ${index} and its path do not hash to the root`);
  }
  return before;
}

function levelAbove(level: readonly SumNode[]): SumNode[] {
  return Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
    const left = nodeAt(level, 2 * i);
    const right = level[2 * i + 1];
    return right ? innerNode(left, right) : left;
  });
}

function nodeAt(level: readonly SumNode[], index: number): SumNode {
  const node = level[index];
  if (node) return node;
  throw new HashpoolError('index-out-of-range', `a level of ${level.length} nodes has none at ${index}`);
}

function checkIndex(index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count && count <= MAX_LEAVES) return;
  throw new HashpoolError(
    'index-out-of-range',
    `leaf ${index} of a tree of ${count}; it must be one of them`,
  );
}

function checkSum(sum: bigint): void {
  if (sum >= 0n && sum <= MAX_SUM) return;
  throw new HashpoolError('sum-out-of-range', `a sum is ${sum}; it must be 0 to 2^128 - 1`);
}

function checkLength(bytes: Uint8Array, what: string): void {
  if (bytes.length !== 32) throw new HashpoolError('bad-length', `${what} has ${bytes.length} bytes, not 32`);
}

function wrongLength(given: number): HashpoolError {
  return new HashpoolError('wrong-path-length', `a path of ${given} nodes does not fit the tree's shape`);
}

/** A sum as it is hashed: 16 bytes, big-endian. @throws HashpoolError 'sum-out-of-range' */
export function sumBytes(sum: bigint): Uint8Array {
  checkSum(sum);
  const bytes = new Uint8Array(SUM_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, sum >> 64n);
  view.setBigUint64(8, BigInt.asUintN(64, sum));
  return bytes;
}
