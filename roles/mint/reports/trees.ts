import { nodeBytes, readNode, SumPeaks } from '../../../protocols/ehash/sum-peaks.ts';
import {
  leafNode,
  type SumLeaf,
  type SumNode,
  type SumProof,
  type SumRoot,
  SumTree,
} from '../../../protocols/ehash/sum-tree.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { GrownTree, TreeChunk, TreeName } from '../store/reports.ts';
import { blob, integer } from '../store/row.ts';
import { type CountedRow, TreeRows } from './tree-rows.ts';

/** Leaves of a chunk, a power of two: a path takes so many rows, and one node of each chunk. */
const CHUNK_LEAVES = 4096;

/** Of whichever report is the last. */
const NEWEST = Number.MAX_SAFE_INTEGER;

/** A tree about to be kept, and its root. */
export interface RootedTree extends GrownTree {
  readonly root: SumRoot;
}

/** What is kept of a tree. */
interface KeptTree {
  readonly name: TreeName;
  readonly leaves: number;
  /** Of each whole chunk: its root, and the last row that it counts. */
  readonly nodes: readonly SumNode[];
  readonly lastRows: readonly number[];
  /** Of the leaves behind them. */
  readonly rest: SumPeaks;
}

/** A leaf of a tree as it was in a report, and its path. */
export interface FoundLeaf {
  readonly root: SumRoot;
  readonly leaf: SumLeaf;
  readonly proof: SumProof;
  /** The row that it counts. */
  readonly row: number;
}

/**
 * The trees of reports, over the mint's own rows in their order: they only grow, and to grow one, or to find a leaf's
 * path in it, few rows are read.
 * @param secret of which the salts of shares are made, 32 bytes
 */
export class Trees {
  readonly #rows: TreeRows;
  readonly #statements;

  constructor(db: Database, secret: Uint8Array) {
    this.#rows = new TreeRows(db, secret, CHUNK_LEAVES);
    this.#statements = {
      latest: db.prepare(`
        SELECT leaves, peaks FROM report_trees WHERE kind = ? AND owner = ? AND report <= ?
        ORDER BY report DESC LIMIT 1`),
      chunks: db.prepare(
        'SELECT last_row, node FROM tree_chunks WHERE kind = ? AND owner = ? AND chunk < ? ORDER BY chunk',
      ),
    };
  }

  /**
   * The tree of an epoch's shares, from the first on; undefined where it has none. Precondition: its price is fixed, so
   * that they don't change any more.
   */
  shares(epoch: number): RootedTree | undefined {
    const tree = new Growing(empty({ kind: 'shares', owner: epoch }));
    for (const page of this.#rows.ofEpoch(epoch)) tree.add(page);
    return tree.grown();
  }

  /** The trees of tokens that have grown between two rows, from where the last report left them. */
  tokens(kind: 'issued' | 'spent', after: number, upTo: number): RootedTree[] {
    const trees = new Map<number, Growing>();
    for (const page of this.#rows.ofTokens(kind, after, upTo)) {
      for (const [owner, rows] of Map.groupBy(page, (row) => row.owner)) {
        const tree = trees.get(owner) ?? new Growing(this.#kept({ kind, owner }, NEWEST));
        trees.set(owner, tree);
        tree.add(rows);
      }
    }
    return [...trees.values()].flatMap((tree) => tree.grown() ?? []);
  }

  /** A tree's root as it was in a report; undefined while it had no leaf. */
  root(name: TreeName, report: number): SumRoot | undefined {
    return rootOf(this.#kept(name, report));
  }

  /** The leaf that counts a row, as it was in a report; undefined where it was not counted yet. */
  find(name: TreeName, report: number, row: number): FoundLeaf | undefined {
    const tree = this.#kept(name, report);
    const chunk = tree.lastRows.findIndex((last) => row <= last);
    return this.#inChunk(tree, chunk < 0 ? tree.nodes.length : chunk, (rows) =>
      rows.findIndex((each) => each.row === row),
    );
  }

  /** The leaf that covers a point of the sum, as it was in a report. */
  at(name: TreeName, report: number, point: bigint): FoundLeaf | undefined {
    const tree = this.#kept(name, report);
    const nodes = topOf(tree);
    const chunk = indexAt(nodes, point);
    const before = nodes.slice(0, chunk).reduce((sum, node) => sum + node.sum, 0n);
    return this.#inChunk(tree, chunk, (rows) =>
      indexAt(
        rows.map(({ leaf: { amount } }) => ({ sum: amount })),
        point - before,
      ),
    );
  }

  #kept(name: TreeName, report: number): KeptTree {
    const row = this.#statements.latest.get(name.kind, name.owner, report);
    if (!row) return empty(name);
    const leaves = integer(row, 'leaves');
    const whole = Math.floor(leaves / CHUNK_LEAVES);
    const chunks = this.#statements.chunks.all(name.kind, name.owner, whole);
    return {
      name,
      leaves,
      nodes: chunks.map((chunk) => readNode(blob(chunk, 'node'))),
      lastRows: chunks.map((chunk) => integer(chunk, 'last_row')),
      rest: SumPeaks.read(leaves % CHUNK_LEAVES, blob(row, 'peaks')),
    };
  }

  #inChunk(
    tree: KeptTree,
    chunk: number,
    choose: (rows: readonly CountedRow[]) => number,
  ): FoundLeaf | undefined {
    const root = rootOf(tree);
    const top = topOf(tree);
    if (!root || chunk < 0 || chunk >= top.length) return undefined;
    const count = chunk < tree.nodes.length ? CHUNK_LEAVES : tree.rest.count;
    const rows = this.#rows.after(tree.name, tree.lastRows[chunk - 1] ?? 0, count);
    const index = choose(rows);
    const found = rows[index];
    if (!found) return undefined;
    const below = SumTree.of(rows.map(({ leaf }) => leaf)).proof(index).siblings;
    const above = new SumTree(top).proof(chunk).siblings;
    const proof = { index: chunk * CHUNK_LEAVES + index, siblings: [...below, ...above] };
    return { root, leaf: found.leaf, proof, row: found.row };
  }
}

/** A tree that rows are added to. */
class Growing {
  readonly #from: KeptTree;
  #rest: SumPeaks;
  readonly #chunks: { readonly lastRow: number; readonly root: SumNode }[] = [];

  constructor(from: KeptTree) {
    this.#from = from;
    this.#rest = from.rest;
  }

  add(rows: readonly CountedRow[]): void {
    for (const { row, leaf } of rows) {
      this.#rest.add(leafNode(leaf));
      const root = this.#rest.count === CHUNK_LEAVES ? this.#rest.root : undefined;
      if (!root) continue;
      this.#chunks.push({ lastRow: row, root });
      this.#rest = SumPeaks.empty();
    }
  }

  grown(): RootedTree | undefined {
    const { name, nodes, lastRows } = this.#from;
    const rest = this.#rest;
    const after: KeptTree = {
      name,
      leaves: (nodes.length + this.#chunks.length) * CHUNK_LEAVES + rest.count,
      nodes: [...nodes, ...this.#chunks.map(({ root }) => root)],
      lastRows: [...lastRows, ...this.#chunks.map(({ lastRow }) => lastRow)],
      rest,
    };
    const root = rootOf(after);
    const chunks = this.#chunks.map(({ lastRow, root }, i): TreeChunk => {
      return { chunk: nodes.length + i, lastRow, node: nodeBytes(root) };
    });
    return root && { ...name, leaves: after.leaves, peaks: rest.bytes(), chunks, root };
  }
}

function empty(name: TreeName): KeptTree {
  return { name, leaves: 0, nodes: [], lastRows: [], rest: SumPeaks.empty() };
}

/** The roots of a tree's chunks, that of the last leaves included. */
function topOf({ nodes, rest }: KeptTree): SumNode[] {
  return rest.root ? [...nodes, rest.root] : [...nodes];
}

function rootOf(tree: KeptTree): SumRoot | undefined {
  const top = topOf(tree);
  return top.length === 0 ? undefined : { ...new SumTree(top).root, count: tree.leaves };
}

/** Which of these covers a point of their sum, -1 for none. */
function indexAt(nodes: readonly Pick<SumNode, 'sum'>[], point: bigint): number {
  let upTo = 0n;
  return nodes.findIndex(({ sum }) => {
    upTo += sum;
    return point < upTo;
  });
}
