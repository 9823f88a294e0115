import { concatBytes, equalBytes } from '../../../protocols/bytes.ts';
import type { UpstreamChannel } from './upstream.ts';

/** Fewest bytes that a miner must be able to roll: with fewer it runs out of work between two jobs. */
export const MIN_EXTRANONCE2_SIZE = 2;

/**
 * How a channel's extranonce is shared out:
 *
 *     prefix (the pool's) | padding (zeros, where the pool gives more than a miner rolls) | extranonce2 (the miner's)
 *     `----------------- extranonce1 ------------------------------------------------------´
 */
export interface ExtranonceLayout {
  readonly prefix: Uint8Array;
  readonly padding: Uint8Array;
  readonly extranonce1: Uint8Array;
  readonly extranonce2Size: number;
}

/**
 * @param wanted bytes of extranonce2 that miners are given where the pool has so many
 * @returns undefined where the pool leaves too few
 */
export function layOutExtranonce(
  channel: Pick<UpstreamChannel, 'extranoncePrefix' | 'extranonceSize'>,
  wanted: number,
): ExtranonceLayout | undefined {
  const extranonce2Size = Math.min(wanted, channel.extranonceSize);
  if (extranonce2Size < MIN_EXTRANONCE2_SIZE) return undefined;
  const prefix = channel.extranoncePrefix;
  const padding = new Uint8Array(channel.extranonceSize - extranonce2Size);
  return { prefix, padding, extranonce1: concatBytes(prefix, padding), extranonce2Size };
}

/** True where a miner need not be told of the change. */
export function isSameExtranonce(a: ExtranonceLayout, b: ExtranonceLayout): boolean {
  return a.extranonce2Size === b.extranonce2Size && equalBytes(a.extranonce1, b.extranonce1);
}
