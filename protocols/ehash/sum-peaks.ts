import { concatBytes } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { innerNode, MAX_LEAVES, type SumNode, type SumRoot, sumBytes } from './sum-tree.ts';

const HASH_BYTES = 32;
const NODE_BYTES = HASH_BYTES + 16;

/**
 * A Merkle sum tree that grows leaf by leaf, of which only the peaks are kept: the roots of its largest whole subtrees,
 * one for each one in the binary form of the number of leaves. Its root is that of the tree over all leaves in the order
 * in which they were added (sum-tree.ts).
 */
export class SumPeaks {
  #count: number;
  /** The largest first. */
  readonly #peaks: SumNode[];

  private constructor(count: number, peaks: SumNode[]) {
    this.#count = count;
    this.#peaks = peaks;
  }

  static empty(): SumPeaks {
    return new SumPeaks(0, []);
  }

  /** What `bytes` gave. @param count leaves @throws HashpoolError 'bad-length' where they are not the peaks of so many leaves */
  static read(count: number, bytes: Uint8Array): SumPeaks {
    const wanted = onesIn(count) * NODE_BYTES;
    if (bytes.length !== wanted) {
      throw new HashpoolError(
        'bad-length',
        `the peaks of ${count} leaves have ${wanted} bytes, not ${bytes.length}`,
      );
    }
    const peaks: SumNode[] = [];
    for (let at = 0; at < bytes.length; at += NODE_BYTES) {
      peaks.push(readNode(bytes.subarray(at, at + NODE_BYTES)));
    }
    return new SumPeaks(count, peaks);
  }

  get count(): number {
    return this.#count;
  }

  /** Undefined where there is no leaf. */
  get root(): SumRoot | undefined {
    const last = this.#peaks.at(-1);
    if (!last) return undefined;
    const { hash, sum } = this.#peaks.slice(0, -1).reduceRight((right, left) => innerNode(left, right), last);
    return { hash, sum, count: this.#count };
  }

  /** @throws HashpoolError 'too-many-leaves', 'sum-out-of-range', 'bad-length' */
  add(leaf: SumNode): void {
    if (this.#count === MAX_LEAVES) {
      throw new HashpoolError('too-many-leaves', `a sum tree has ${MAX_LEAVES} leaves at most`);
    }
    let node = leaf;
    for (let size = this.#count; size % 2 === 1; size = (size - 1) / 2) {
      const left = this.#peaks.pop();
      if (left) node = innerNode(left, node);
    }
    this.#peaks.push(node);
    this.#count++;
  }

  /** The peaks, 48 bytes each: all that a tree needs to grow on. */
  bytes(): Uint8Array {
    return concatBytes(...this.#peaks.map(nodeBytes));
  }
}

/** A node as it is kept: [ hash 32 ][ sum 16, big-endian ]. */
export function nodeBytes({ hash, sum }: SumNode): Uint8Array {
  return concatBytes(hash, sumBytes(sum));
}

/** What `nodeBytes` gave. @throws HashpoolError 'bad-length' */
export function readNode(bytes: Uint8Array): SumNode {
  if (bytes.length !== NODE_BYTES) {
    throw new HashpoolError('bad-length', `a node has ${NODE_BYTES} bytes, not ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sum = (view.getBigUint64(HASH_BYTES) << 64n) | view.getBigUint64(HASH_BYTES + 8);
  return { hash: bytes.slice(0, HASH_BYTES), sum };
}

function onesIn(count: number): number {
  return count.toString(2).replaceAll('0', '').length;
}
