import {
  convergence,
  exactExponent,
  type Phase,
  type RuleName,
  type Run,
  ruleNamed,
  SHARES_PER_MINUTE,
  seeded,
  simulate,
} from './simulation.ts';

const HOUR = 3_600;
const SEEDS = 20;
const STEADY_SEEDS = 5;
const STEADY_HOURS = 20;

/** Hashes a second from 1 MH/s to 1 EH/s. */
export const DECADES = Array.from({ length: 13 }, (_, index) => 10 ** (6 + index));

/** What befalls a miner; in the end it always has the hash rate `to`. */
export interface Scenario {
  readonly name: string;
  /** The rate that the miner claims when it connects, as a multiple of `to`. */
  readonly claim: number;
  /** When the change comes, in seconds. */
  readonly at: number;
  /** The rates before, as multiples of `to`. */
  readonly before: readonly Phase[];
}

const settledAt = (hashRate: number): Pick<Scenario, 'claim' | 'at' | 'before'> => ({
  claim: hashRate,
  at: HOUR,
  before: [{ at: 0, hashRate }],
});

export const SCENARIOS: readonly Scenario[] = [
  { name: 'start, 1,000 × too much claimed', claim: 1000, at: 0, before: [] },
  { name: 'start, 1,000 × too little claimed', claim: 0.001, at: 0, before: [] },
  { name: 'rise by 10', ...settledAt(0.1) },
  { name: 'rise by 100', ...settledAt(0.01) },
  { name: 'fall by 10', ...settledAt(10) },
  { name: 'fall by 100', ...settledAt(100) },
  {
    name: 'back from 5 minutes idle',
    claim: 1,
    at: HOUR + 300,
    before: [
      { at: 0, hashRate: 1 },
      { at: HOUR, hashRate: 0 },
    ],
  },
];

/** Lets the miner go through the scenario, and for an hour on. */
function play(name: RuleName, scenario: Scenario, to: number, seed: number): Run {
  const phases = [
    ...scenario.before.map(({ at, hashRate }) => ({ at, hashRate: hashRate * to })),
    { at: scenario.at, hashRate: to },
  ];
  return simulate(ruleNamed(name, scenario.claim * to), phases, scenario.at + HOUR, seeded(seed));
}

export interface Spread {
  readonly median: number;
  readonly worst: number;
}

function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? Number.NaN, worst: sorted.at(-1) ?? Number.NaN };
}

export interface ScenarioFigures {
  /** Seconds until the target is right. */
  readonly found: Spread;
  /** Seconds until the first share after the change. */
  readonly nextShare: Spread;
  /** Shares in the minute after the change. */
  readonly firstMinute: Spread;
}

/** One scenario over all decades. */
export function measureScenario(name: RuleName, scenario: Scenario, seeds = SEEDS): ScenarioFigures {
  const { at } = scenario;
  const runs = DECADES.flatMap((to, decade) =>
    Array.from({ length: seeds }, (_, seed) => {
      const run = play(name, scenario, to, 1 + decade * 1000 + seed);
      const after = run.shares.filter((share) => share >= at);
      return {
        found: convergence(run, exactExponent(to), at, at + HOUR),
        nextShare: (after[0] ?? Number.POSITIVE_INFINITY) - at,
        firstMinute: after.filter((share) => share < at + 60).length,
      };
    }),
  );
  return {
    found: spread(runs.map(({ found }) => found)),
    nextShare: spread(runs.map(({ nextShare }) => nextShare)),
    firstMinute: spread(runs.map(({ firstMinute }) => firstMinute)),
  };
}

export interface SteadyFigures {
  readonly sharesPerMinute: number;
  /** Off the wanted rate, 0 for not at all. */
  readonly error: number;
  readonly movesPerHour: number;
  /** What was paid for each hash done, and how far chance may take that from 1 (a standard deviation). */
  readonly paid: number;
  readonly deviation: number;
}

/** A miner whose rate never changes, from an hour after its start on. */
export function measureSteady(name: RuleName, hashRate: number): SteadyFigures {
  let [shares, moves, paid, hashes, variance] = [0, 0, 0, 0, 0];
  for (let seed = 1; seed <= STEADY_SEEDS; seed++) {
    const phases = [{ at: 0, hashRate }];
    const random = seeded(seed + Math.round(Math.log10(hashRate)) * 1000);
    const run = simulate(ruleNamed(name, hashRate), phases, (1 + STEADY_HOURS) * HOUR, random);
    shares += run.shares.filter((at) => at >= HOUR).length;
    moves += run.moves.filter(({ at }) => at >= HOUR).length;
    paid += run.paid;
    hashes += run.hashes;
    variance += run.variance;
  }
  const hours = STEADY_SEEDS * STEADY_HOURS;
  const sharesPerMinute = shares / hours / 60;
  return {
    sharesPerMinute,
    error: sharesPerMinute / SHARES_PER_MINUTE - 1,
    movesPerHour: moves / hours,
    paid: paid / hashes,
    deviation: Math.sqrt(variance) / hashes,
  };
}

/** Seconds from a start with a wrong guess, the slower of 1,000 times too much and too little, at one hash rate. */
export function measureStart(name: RuleName, hashRate: number): Spread {
  const decade = Math.round(Math.log10(hashRate));
  const times = SCENARIOS.slice(0, 2).flatMap((scenario) =>
    Array.from({ length: SEEDS }, (_, seed) => {
      const run = play(name, scenario, hashRate, 50_000 + decade * 1000 + seed);
      return convergence(run, exactExponent(hashRate), 0, HOUR);
    }),
  );
  return spread(times);
}

/** One miner through a start, a fall and a rise by 100, and a pause, for the drawing. */
export const TRACE = {
  hours: 5,
  hashRate: 1e14,
  phases: [
    { at: 0, hashRate: 1e14 },
    { at: HOUR, hashRate: 1e12 },
    { at: 2 * HOUR, hashRate: 1e14 },
    { at: 3 * HOUR, hashRate: 0 },
    { at: 3.1 * HOUR, hashRate: 1e14 },
  ],
};

export function trace(name: RuleName): Run {
  return simulate(ruleNamed(name, TRACE.hashRate / 1000), TRACE.phases, TRACE.hours * HOUR, seeded(7));
}
