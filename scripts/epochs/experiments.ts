import { seeded } from '../vardiff/simulation.ts';
import type { Random } from './random.ts';
import {
  crowd,
  epochsOfYear,
  type Machine,
  machine,
  meanEpoch,
  miners,
  poolHashRate,
  type Standing,
} from './world.ts';
import { type Earned, errorOf, roundedOff, simulateYear } from './year.ts';

/** A pool of two per cent of the network, a block in twenty taken back, a fee of one per cent. */
export const STANDING: Standing = { poolShare: 0.02, reorgs: 0.05 };
export const FEE_PPM = 10_000;

/** Policies of pay per share. */
export const POLICIES = ['target', 'hash'] as const;
export type Policy = (typeof POLICIES)[number];

/** By how many powers of two a gaming miner's shares are easier than those of everybody else. */
export const EASIER_BITS = [0, 2, 4, 6, 8, 10] as const;
/** The age of an epoch, in mean epochs, at which a hopping miner leaves. */
export const LEAVES_AT = [0.1, 0.2, 0.43, 0.7, 1, 2] as const;

/** Miners of each kind of game, of a ten thousandth of the pool each. */
const PLAYERS = 400;
const FOLLOWED = 10_000;

/** What a year has brought to miners who play no game. */
export interface YearFigures {
  readonly miners: number;
  readonly epochs: number;
  /** Root of the mean square of pay's error, in standard deviations that chance makes; one where nothing else moves it. */
  readonly error: number;
  readonly worst: number;
  /** What miners got for each hash, the mean being one, in ascending order. */
  readonly paid: readonly number[];
  /** What rounding kept back from the one it took most from, in sats. */
  readonly mostRoundedOff: number;
}

/** A year of 10,000 miners, each followed, or of a million of which 10,000 are, drawn at random. */
export function honestYear(policy: Policy, count: number): YearFigures {
  const random = seeded(policy === 'target' ? 11 : 12);
  const epochs = epochsOfYear(STANDING, random);
  const all = miners(count, STANDING, random);
  const [followed, others] = [all.slice(0, FOLLOWED), crowd(all.slice(FOLLOWED))];
  const options = { policy, standing: STANDING, epochs, followed, others, feePpm: FEE_PPM };
  const year = simulateYear(options, random);
  const errors = year.earned.map(errorOf);
  return {
    miners: count,
    epochs: epochs.length,
    error: Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length),
    worst: errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0),
    paid: year.earned
      .map(({ exactSats, expectedSats }) => exactSats / expectedSats)
      .sort((first, second) => first - second),
    mostRoundedOff: year.earned.reduce((most, each) => Math.max(most, roundedOff(each)), 0),
  };
}

/** What the players of one game got for each hash in a year, and how far that is off by chance: one is what all others get. */
export interface Gain {
  readonly mean: number;
  readonly deviation: number;
}

/** Miners whose shares are easier than everybody else's. */
export function gainByEase(policy: Policy, bits: number): Gain {
  return gain(policy, seeded(100 + bits), (size) => machine(size, bits));
}

/** Miners who mine young epochs alone. */
export function gainByHopping(policy: Policy, leavesAt: number): Gain {
  return gain(policy, seeded(Math.round(200 + 100 * leavesAt)), (size) => ({ ...machine(size), leavesAt }));
}

function gain(policy: Policy, random: Random, player: (size: number) => Machine): Gain {
  const epochs = epochsOfYear(STANDING, random);
  const size = poolHashRate(STANDING) / 10_000;
  const followed = Array.from({ length: PLAYERS }, () => player(size));
  const others = crowd(Array.from({ length: 10_000 - PLAYERS }, () => machine(size)));
  const options = { policy, standing: STANDING, epochs, followed, others, feePpm: FEE_PPM };
  const { earned, rewardSats, feeSats } = simulateYear(options, random);
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const fair = Number(rewardSats - feeSats) / (seconds * poolHashRate(STANDING));
  const paid = earned.map(({ sats, hashes }: Earned) => Number(sats) / hashes / fair);
  const mean = paid.reduce((sum, each) => sum + each, 0) / paid.length;
  const spread = paid.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (paid.length - 1);
  return { mean, deviation: Math.sqrt(spread / paid.length) };
}

/** Hours of a mean epoch of the pool. */
export const MEAN_EPOCH_HOURS = meanEpoch(STANDING) / 3_600;
