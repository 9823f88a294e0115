import type { BlockHeader } from '../../../protocols/bitcoin/header.ts';
import type { NetworkName } from '../../../protocols/bitcoin/network.ts';
import { leadingZeroBits, meetsPower } from '../../../protocols/bitcoin/target.ts';
import { type EhashPolicy, ehashExponent } from '../../../protocols/ehash/amount.ts';
import type { KnownParent } from '../chain/chain-view.ts';
import { areBitsRight } from '../chain/next-bits.ts';

/** A header may be this much ahead of the clock, as on the network itself. */
const MAX_AHEAD_SECONDS = 7_200;

/**
 * Blocks before an epoch's first one whose children it still takes. The first epoch begins at the height of the
 * mint's first start, and pools may have been at work for a while by then; historic blocks are no shares.
 */
export const FIRST_EPOCH_REACH = 144;

/** By what a share is counted. */
export interface ShareTerms {
  readonly policy: EhashPolicy;
  readonly minimumDifficulty: number;
}

/**
 * What a share is worth by itself, whatever chain it builds on.
 * @param hashLe SHA-256d of the header
 * @returns the exponent of its amount, or the reason why it is worth nothing
 */
export function judgeProof(hashLe: Uint8Array, k: number, terms: ShareTerms): number | string {
  const { policy, minimumDifficulty } = terms;
  if (!meetsPower(hashLe, k)) {
    return `work-not-proven: the record claims k = ${k}, its hash shows ${leadingZeroBits(hashLe)} zero bits`;
  }
  if (k < minimumDifficulty)
    return `below-minimum-difficulty: k = ${k}, the epoch's minimum is ${minimumDifficulty}`;
  return (
    ehashExponent(policy, minimumDifficulty, k, hashLe) ??
    'below-minimum-difficulty: the share is worth nothing'
  );
}

/**
 * Whether the chain allows a share's header on its parent.
 * @param firstHeight at which the pool's first epoch opened
 * @returns the reason why not, or undefined
 */
export function judgeHeader(
  header: BlockHeader,
  parent: KnownParent,
  network: NetworkName,
  firstHeight: number,
): string | undefined {
  if (parent.height < firstHeight - FIRST_EPOCH_REACH) {
    return `before-first-epoch: it builds on block ${parent.height}, the first epoch began at ${firstHeight}`;
  }
  if (!areBitsRight(network, parent, parent.start, header.bits)) {
    return `wrong-bits: a child of block ${parent.height} does not have bits 0x${header.bits.toString(16)}`;
  }
  if (header.time <= parent.medianTime) {
    return `time-too-old: ${header.time} is not after its parents' median time ${parent.medianTime}`;
  }
  return undefined;
}

/**
 * True where the network would not take the header yet. It may be the mint's clock that is slow, so that such work is
 * no worse than early.
 * @param now Unix seconds
 */
export function isAheadOfClock(header: BlockHeader, now: number): boolean {
  return header.time > now + MAX_AHEAD_SECONDS;
}
