import { encodeBlock } from '../../protocols/bitcoin/block.ts';
import type { CoinbaseParts } from '../../protocols/bitcoin/coinbase.ts';
import { coinbaseTxid } from '../../protocols/bitcoin/coinbase.ts';
import { type BlockHeader, headerHashLe } from '../../protocols/bitcoin/header.ts';
import { foldMerklePath } from '../../protocols/bitcoin/merkle.ts';
import { compactToTarget, meetsTargetLe, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import { concatBytes } from '../../protocols/bytes.ts';

/** All that a block needs but its extranonce and the header's time, nonce and rolled version bits. */
export interface DeclaredBlock {
  /** In full, witness included. */
  readonly coinbase: CoinbaseParts;
  readonly extranonceLength: number;
  /** Whole serializations, without the coinbase. */
  readonly transactions: readonly Uint8Array[];
  /** The coinbase's siblings, deepest first, in header order. */
  readonly merklePath: readonly Uint8Array[];
  readonly prevHashLe: Uint8Array;
  readonly bits: number;
  readonly height: number;
  /** Unix seconds at which it was declared. */
  readonly time: number;
}

/** What a miner found. */
export interface BlockSolution {
  /** The full extranonce. */
  readonly extranonce: Uint8Array;
  readonly version: number;
  /** Unix seconds. */
  readonly time: number;
  readonly nonce: number;
}

export interface FoundBlock {
  readonly bytes: Uint8Array;
  /** Header order. */
  readonly hashLe: Uint8Array;
}

/** The whole block of a solution, whatever its hash is. */
export function blockOf(declared: DeclaredBlock, solution: BlockSolution): FoundBlock {
  const { header, coinbase } = headed(declared, solution);
  return {
    bytes: encodeBlock(header, [coinbase, ...declared.transactions]),
    hashLe: headerHashLe(header),
  };
}

/**
 * The block of a solution where its hash meets the chain's target. Clients disagree on the order of time and nonce in
 * PushSolution: the proof of work tells which of two numbers is which, and on a chain so easy that it doesn't, the clock.
 * @returns undefined where neither order does
 */
export function solvedBy(declared: DeclaredBlock, solution: BlockSolution): FoundBlock | undefined {
  if (solution.extranonce.length !== declared.extranonceLength) return undefined;
  const targetLe = targetToLeBytes(compactToTarget(declared.bits));
  const orders = [solution, { ...solution, time: solution.nonce, nonce: solution.time }]
    .filter((each) => meetsTargetLe(headerHashLe(headed(declared, each).header), targetLe))
    .sort((a, b) => Math.abs(a.time - declared.time) - Math.abs(b.time - declared.time));
  return orders[0] === undefined ? undefined : blockOf(declared, orders[0]);
}

function headed(
  { coinbase: { prefix, suffix }, merklePath, prevHashLe, bits }: DeclaredBlock,
  { extranonce, version, time, nonce }: BlockSolution,
): { header: BlockHeader; coinbase: Uint8Array } {
  const coinbase = concatBytes(prefix, extranonce, suffix);
  const merkleRootLe = foldMerklePath(coinbaseTxid(coinbase), merklePath);
  return { header: { version, prevHashLe, merkleRootLe, time, bits, nonce }, coinbase };
}
