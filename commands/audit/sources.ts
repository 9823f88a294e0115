import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import type { SignedReport } from '../../protocols/ehash/report.ts';
import type { OpenedShare } from '../../protocols/ehash/share-leaf.ts';
import type { SumProof } from '../../protocols/ehash/sum-tree.ts';
import type { TokenTree } from '../../protocols/ehash/token-leaf.ts';

/** What an audit asks of a mint: nothing that anybody could not ask. */
export interface MintSource {
  /** By which wallets know it (NUT-06), 66 hex digits. */
  identity(): Promise<string>;
  /** All of them, in their order. */
  reports(): Promise<readonly SignedReport[]>;
  keyset(id: string): Promise<PublishedKeyset | undefined>;
  /** Where a report counts a token; undefined where it says that it does not. @param point 66 hex digits */
  token(report: number, tree: TokenTree, point: string): Promise<CountedLeaf | undefined>;
  /** Where a report counts the share of a quote; undefined where it says that it does not. */
  share(report: number, quoteId: string): Promise<CountedOwnShare | undefined>;
  /** Shares of an epoch that a later block has drawn; undefined while they are not shown. */
  sample(unit: string): Promise<Sample | undefined>;
  /** Proofs of the keys of coins, made for a report. */
  reserve(report: number): Promise<readonly ReserveProof[]>;
}

/** A share as a pool shows it to everybody. */
export interface ShownShare extends OpenedShare {
  /** Without its witness. */
  readonly coinbase: Uint8Array;
  /** From the coinbase's neighbour up, as hashed. */
  readonly merklePath: readonly Uint8Array[];
}

/** What is shown of an epoch's shares, for each point that the block has drawn; undefined for what the pool did not show. */
export interface Sample {
  readonly block: { readonly height: number; readonly hash: string };
  readonly shares: readonly (ShownShare | undefined)[];
}

/** A keyset as the mint publishes it. */
export interface PublishedKeyset {
  readonly unit: string;
  readonly inputFeePpk: number;
  readonly finalExpiry: number | undefined;
  /** By amount, points of 33 bytes. */
  readonly keys: ReadonlyMap<bigint, Uint8Array>;
}

export interface CountedLeaf {
  readonly amount: bigint;
  readonly proof: SumProof;
}

/** The leaf of one's own share, and what opens it. */
export interface CountedOwnShare extends CountedLeaf {
  readonly k: number;
  readonly salt: Uint8Array;
}

/** A coin by the transaction that made it, and its place there. */
export interface Outpoint {
  /** 64 hex digits, display order. */
  readonly txid: string;
  readonly vout: number;
}

/** Coins, and the transaction that could not be signed without their keys (BIP322). */
export interface ReserveProof {
  readonly coins: readonly (Outpoint & TransactionOutput)[];
  readonly transaction: Uint8Array;
}

/** What an audit asks of a node of its own. */
export interface NodeSource {
  /** A block of the active chain; undefined where its chain has none of that hash. */
  block(hashBe: string): Promise<ChainBlock | undefined>;
  /** At which height the active chain has a block; undefined where it has none of that hash. */
  height(hashBe: string): Promise<number | undefined>;
  /** Whether it has heard of a block, in the active chain or beside it. */
  knows(hashBe: string): Promise<boolean>;
  /** The height of the active chain. */
  tip(): Promise<number>;
  /** The block of the active chain at a height; undefined above its tip. */
  blockAt(height: number): Promise<Pick<ChainBlock, 'hash' | 'coinbaseOutputs'> | undefined>;
  /** A coin that nobody has spent. */
  coin(outpoint: Outpoint): Promise<TransactionOutput | undefined>;
  /** What is wrong with the signatures of a transaction; undefined where all are good. @param others outputs that are in no block */
  signatureTrouble(
    transaction: Uint8Array,
    others: readonly (Outpoint & TransactionOutput)[],
  ): Promise<string | undefined>;
}

export interface ChainBlock {
  /** 64 hex digits, display order. */
  readonly hash: string;
  readonly height: number;
  readonly header: Uint8Array;
  /** Undefined where the node has pruned it. */
  readonly coinbaseOutputs: readonly TransactionOutput[] | undefined;
}
