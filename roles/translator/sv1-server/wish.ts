import { powerTarget, targetToLeBytes } from '../../../protocols/bitcoin/target.ts';
import type { ChannelWish } from '../../../services/mining-client/channel.ts';

/** The difficulty that a miner asked for, whichever way it did. */
export interface WantedDifficulty {
  /** Easiest exponent of hashes per share; undefined where it did not ask. */
  readonly bits: number | undefined;
  /** True where it wants to stay there, whatever its shares say. */
  readonly isFixed: boolean;
  /** The exponent that its shares had when it was here last. */
  readonly known?: number | undefined;
}

export interface DifficultySettings {
  /** Hashes per second assumed of a miner that says nothing. */
  readonly minIndividualMinerHashrate: number;
  readonly sharesPerMinute: number;
  /** Easiest exponent of hashes per share for a miner that does not ask for less. */
  readonly easiestBits: number;
  /** Easiest exponent of all, asked for or not; 0 where it is left out. */
  readonly leastBits?: number;
}

/** What a suggestion can't go below. */
const NO_LEAST_BITS = 0;

export const NOTHING_WANTED: WantedDifficulty = { bits: undefined, isFixed: false };

/**
 * A suggestion's hash rate is told a quarter low: the pool reckons the target from it and rounds, and must not end
 * harder than what was asked. What binds is the maximum target; from there the pool follows the real rate.
 */
const UNDERSTATED = 0.75;
/** Of a worker that is known the rate is told from which the pool reckons just its exponent. */
const KNOWN_RATE = 1.4;

/** What pools are told of a miner's speed and of the easiest target it wants. */
export function difficultyWish(
  { bits, isFixed, known }: WantedDifficulty,
  settings: DifficultySettings,
): ChannelWish {
  const { easiestBits, leastBits = NO_LEAST_BITS } = settings;
  const easiest = Math.max(bits ?? easiestBits, leastBits);
  return {
    nominalHashRate: nominalRate(bits === undefined ? undefined : easiest, known, settings),
    maximumTargetLe: targetToLeBytes(powerTarget(easiest)),
    isFixed,
  };
}

/** Hashes per second. */
function nominalRate(
  bits: number | undefined,
  known: number | undefined,
  { minIndividualMinerHashrate, sharesPerMinute }: DifficultySettings,
): number {
  if (bits !== undefined) return (UNDERSTATED * 2 ** bits * sharesPerMinute) / 60;
  return known === undefined ? minIndividualMinerHashrate : (KNOWN_RATE * 2 ** known * sharesPerMinute) / 60;
}
