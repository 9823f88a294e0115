import { powerTarget, targetToLeBytes } from '../../../protocols/bitcoin/target.ts';
import type { ChannelWish } from '../../../services/mining-client/channel.ts';

/** The difficulty that a miner asked for, whichever way it did. */
export interface WantedDifficulty {
  /** Easiest exponent of hashes per share; undefined where it did not ask. */
  readonly bits: number | undefined;
  /** True where it wants to stay there, whatever its shares say. */
  readonly isFixed: boolean;
}

export interface DifficultySettings {
  /** Hashes per second assumed of a miner that says nothing. */
  readonly minIndividualMinerHashrate: number;
  readonly sharesPerMinute: number;
  /** Easiest exponent of hashes per share for a miner that does not ask for less. */
  readonly easiestBits: number;
}

export const NOTHING_WANTED: WantedDifficulty = { bits: undefined, isFixed: false };

/**
 * A suggestion's hash rate is told a quarter low: the pool reckons the target from it and rounds, and must not end
 * harder than what was asked. What binds is the maximum target; from there the pool follows the real rate.
 */
const UNDERSTATED = 0.75;

/** What pools are told of a miner's speed and of the easiest target it wants. */
export function difficultyWish(
  { bits, isFixed }: WantedDifficulty,
  settings: DifficultySettings,
): ChannelWish {
  const nominalHashRate =
    bits === undefined
      ? settings.minIndividualMinerHashrate
      : (UNDERSTATED * 2 ** bits * settings.sharesPerMinute) / 60;
  return {
    nominalHashRate,
    maximumTargetLe: targetToLeBytes(powerTarget(bits ?? settings.easiestBits)),
    isFixed,
  };
}
