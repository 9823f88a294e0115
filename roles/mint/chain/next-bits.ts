import type { NetworkName } from '../../../protocols/bitcoin/network.ts';
import { compactToTarget, targetToCompact } from '../../../protocols/bitcoin/target.ts';

/** Blocks of one difficulty period, and the time that it should take. */
export const PERIOD_BLOCKS = 2016;
const PERIOD_SECONDS = PERIOD_BLOCKS * 600;
/** The easiest compact bits of each chain (bitcoind's src/kernel/chainparams.cpp, powLimit). */
const easiestBits: Readonly<Record<NetworkName, number>> = {
  mainnet: 0x1d00ffff,
  testnet4: 0x1d00ffff,
  signet: 0x1e0377ae,
  regtest: 0x207fffff,
};

/** What of a block decides its child's difficulty. */
export interface ParentBlock {
  readonly height: number;
  /** Unix seconds of its header. */
  readonly time: number;
  readonly bits: number;
}

/** The first block of the period that a block's child belongs to, or ends: see {@link periodStart}. */
export type PeriodStart = Pick<ParentBlock, 'time' | 'bits'>;

/**
 * The height of the block that the child's bits are computed from, or undefined where the parent's own suffice.
 */
export function periodStart(network: NetworkName, parentHeight: number): number | undefined {
  if (network === 'regtest') return undefined;
  const isRetarget = (parentHeight + 1) % PERIOD_BLOCKS === 0;
  if (isRetarget || network === 'testnet4') return parentHeight - (parentHeight % PERIOD_BLOCKS);
  return undefined;
}

/**
 * Whether a child of `parent` may have these bits (bitcoind's src/pow.cpp; BIP94 on testnet4). Testnet's exception asks
 * for the lowest difficulty twenty minutes after the parent and for the period's own before; a miner rolls the time of
 * a job that it has across that line, and has worked all the same: there a share may have either.
 * @param start the block at {@link periodStart}, where that is defined
 * @param bits compact, of the header in question
 */
export function areBitsRight(
  network: NetworkName,
  parent: ParentBlock,
  start: PeriodStart | undefined,
  bits: number,
): boolean {
  const isRetarget = network !== 'regtest' && (parent.height + 1) % PERIOD_BLOCKS === 0;
  if (start && isRetarget) {
    // BIP94: the new target follows from the period's first block, which testnet's exception can't have eased.
    const base = network === 'testnet4' ? start.bits : parent.bits;
    return bits === retargeted(base, parent.time - start.time, easiestBits[network]);
  }
  if (network !== 'testnet4') return bits === parent.bits;
  return bits === easiestBits.testnet4 || bits === (start?.bits ?? parent.bits);
}

/** The bits after a period that took `seconds`, which count as a quarter to four times what they should be. */
function retargeted(bits: number, seconds: number, easiest: number): number {
  const counted = Math.min(Math.max(seconds, PERIOD_SECONDS / 4), PERIOD_SECONDS * 4);
  const target = (compactToTarget(bits) * BigInt(counted)) / BigInt(PERIOD_SECONDS);
  const limit = compactToTarget(easiest);
  return targetToCompact(target < limit ? target : limit);
}
