import { exponentFor, Vardiff } from '../../domain/vardiff/vardiff.ts';
import { SriClassic } from './sri-classic.ts';

export const SHARES_PER_MINUTE = 6;
/** What pays on testnet4, so that even 1 MH/s has easier powers below its own. */
export const RANGE = { floor: 16, ceiling: 78 };
/** From the pool's decision until the miner's shares follow it. */
const ROUND_TRIP_MS = 500;

/** A rule that is put to the test. */
export interface Rule {
  readonly intervalMs: number;
  /** The logarithm to base 2 of the hashes that a share takes now. */
  exponent(): number;
  /** @returns whether the rule wants to be asked at once */
  accepted(exponent: number): boolean;
  /** @returns whether the target moved */
  evaluate(now: number): boolean;
}

export type RuleName = 'hashpool' | 'SRI classic';

/** The rule as it begins on a client's word that it has `hashRate`. */
export function ruleNamed(name: RuleName, hashRate: number, range = RANGE): Rule {
  if (name === 'hashpool') {
    const vardiff = new Vardiff(SHARES_PER_MINUTE, exponentFor(hashRate, SHARES_PER_MINUTE, range), 0);
    return {
      intervalMs: 2_000,
      exponent: () => vardiff.k,
      accepted: (exponent) => vardiff.accepted(exponent),
      evaluate: (now) => vardiff.evaluate(now, range) !== undefined,
    };
  }
  const classic = new SriClassic(SHARES_PER_MINUTE, hashRate, 0);
  return {
    intervalMs: 60_000,
    exponent: () => classic.exponent,
    accepted() {
      classic.accepted();
      return false;
    },
    evaluate: (now) => classic.evaluate(now),
  };
}

/** From `at` (seconds) on, the miner makes so many hashes a second. */
export interface Phase {
  readonly at: number;
  readonly hashRate: number;
}

export interface Run {
  /** The exponent in force at the pool from each second on. */
  readonly moves: readonly { readonly at: number; readonly exponent: number }[];
  /** When each share came, in seconds. */
  readonly shares: readonly number[];
  readonly hashes: number;
  /** What the pool pays: for each share the hashes that its own job's target stands for. */
  readonly paid: number;
  /** The sum of all squares of what a share pays, by which `paid` scatters around `hashes`. */
  readonly variance: number;
}

/** The exponent that would bring just the wanted shares. */
export function exactExponent(hashRate: number): number {
  return Math.log2((hashRate * 60) / SHARES_PER_MINUTE);
}

/** Numbers from 0 (excluded) to 1, the same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 1) / 4294967296;
  };
}

/** Lets a miner find shares as a Poisson process, and the rule set its targets, for so many seconds. */
export function simulate(rule: Rule, phases: readonly Phase[], seconds: number, random: () => number): Run {
  const end = seconds * 1000;
  const onTheWay: { at: number; exponent: number }[] = [];
  const moves = [{ at: 0, exponent: rule.exponent() }];
  const shares: number[] = [];
  let [now, nextLook, hashes, paid, variance] = [0, rule.intervalMs, 0, 0, 0];
  let target = rule.exponent();
  const look = (): void => {
    if (!rule.evaluate(now)) return;
    onTheWay.push({ at: now + ROUND_TRIP_MS, exponent: rule.exponent() });
    moves.push({ at: now / 1000, exponent: rule.exponent() });
  };
  const changes = [...phases];
  let hashRate = changes.shift()?.hashRate ?? 0;
  while (now < end) {
    const change = changes[0] ? changes[0].at * 1000 : end;
    const until = Math.min(nextLook, change, onTheWay[0]?.at ?? end, end);
    const wait =
      hashRate > 0 ? (-Math.log(random()) * 2 ** target * 1000) / hashRate : Number.POSITIVE_INFINITY;
    const share = now + wait < until;
    const next = share ? now + wait : until;
    hashes += (hashRate * (next - now)) / 1000;
    now = next;
    if (share) {
      shares.push(now / 1000);
      paid += 2 ** target;
      variance += 4 ** target;
      if (rule.accepted(target)) look();
      continue;
    }
    if (change === now) hashRate = changes.shift()?.hashRate ?? hashRate;
    if (onTheWay[0]?.at === now) target = onTheWay.shift()?.exponent ?? target;
    if (nextLook === now) {
      look();
      nextLook += rule.intervalMs;
    }
  }
  return { moves, shares, hashes, paid, variance };
}

/** How long the exponent must stay right to count as found. */
const STAYS_SECONDS = 300;

/**
 * Seconds from `from` until the target brings from half to four times the wanted shares, and does so for five
 * minutes: our exponent is then the right one or its neighbour. Infinite where that isn't so by `end`.
 */
export function convergence({ moves }: Run, exact: number, from: number, end: number): number {
  let since: number | undefined;
  for (const [index, { at, exponent }] of moves.entries()) {
    const until = Math.min(moves[index + 1]?.at ?? end, end);
    if (until <= from) continue;
    if (exponent <= exact - 2 || exponent >= exact + 1) {
      since = undefined;
      continue;
    }
    since ??= Math.max(at, from);
    if (until - since >= STAYS_SECONDS) return since - from;
  }
  return Number.POSITIVE_INFINITY;
}
