import {
  addWork,
  hashesPerSecond,
  NO_WORK,
  relativeError,
  type Work,
} from '../../../domain/stats/hashrate.ts';
import type { Sample, Window } from '../store/reads.ts';
import type { HashratePoint } from './schemas/hashrate.ts';
import type { Miner } from './schemas/miners.ts';

type Hashrate = Miner['hashrate'];

const HOUR = 3600;

/** How a chart is drawn: rows of `base` seconds, a point every `step`, each the mean of the `window` before it. */
export interface ChartPlan {
  readonly base: number;
  readonly step: number;
  readonly window: number;
}

const SIDE_PLANS: readonly (ChartPlan & { readonly hours: number })[] = [
  { hours: 1, base: 10, step: 10, window: 300 },
  { hours: 6, base: 60, step: 60, window: 600 },
  { hours: 24, base: 60, step: 300, window: 900 },
  { hours: 168, base: 60, step: 1800, window: 3600 },
  { hours: 744, base: HOUR, step: HOUR, window: HOUR },
  { hours: Number.POSITIVE_INFINITY, base: HOUR, step: 24 * HOUR, window: 24 * HOUR },
];

/** The chart of a side, or of a miner, whose rows are minutes for a day, and ten minutes for a week. */
export function chartPlan(hours: number, isMiner: boolean): ChartPlan {
  const plan = SIDE_PLANS.find((each) => hours <= each.hours) ?? { base: HOUR, step: HOUR, window: HOUR };
  if (!isMiner) return plan;
  if (hours <= 1) return { base: 60, step: 60, window: 600 };
  if (hours > 24 && plan.base === 60) return { ...plan, base: 600 };
  return { ...plan, window: Math.max(plan.window, 600) };
}

/** The rows that a chart of `hours` needs. @param now Unix ms */
export function chartRows({ base, step, window }: ChartPlan, hours: number, now: number): Window {
  const to = Math.floor(now / 1000 / step) * step;
  return { step: base, from: to - hours * HOUR - window, to };
}

/**
 * The points of a chart. What is not known is not counted, in work and in time, so that a service or a role that was
 * away leaves a gap, or a shorter mean, and no crater.
 */
export function chartPoints(rows: readonly Sample[], plan: ChartPlan, { from, to }: Window): HashratePoint[] {
  const { step, window } = plan;
  const points: HashratePoint[] = [];
  let first = 0;
  for (let end = from + window; end <= to; end += step) {
    const begin = end - window;
    while (first < rows.length && (rows[first]?.at ?? begin) < begin) first++;
    let sum: Work = NO_WORK;
    let seconds = 0;
    let rejected = 0;
    for (let i = first; i < rows.length; i++) {
      const row = rows[i];
      if (!row || row.at >= end) break;
      sum = addWork(sum, row);
      seconds += row.seconds;
      rejected += row.rejected;
    }
    points.push({
      at: end * 1000,
      hs: seconds === 0 ? null : hashesPerSecond(sum.work, seconds),
      error: relativeError(sum) ?? null,
      shares: sum.shares,
      rejected,
    });
  }
  return points;
}

/** A rate as it is answered. @param seconds how much of the window is known */
export function hashrateOf(work: Work, seconds: number, windowSeconds: number): Hashrate {
  return {
    hs: seconds <= 0 ? null : hashesPerSecond(work.work, seconds),
    error: relativeError(work) ?? null,
    work: String(work.work),
    shares: work.shares,
    window_seconds: windowSeconds,
    seconds: Math.max(0, Math.round(seconds)),
  };
}

/** The rate over rows. */
export function rateOfRows(rows: readonly Sample[], windowSeconds: number): Hashrate {
  const work = rows.reduce<Work>(addWork, NO_WORK);
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
  return hashrateOf(work, seconds, windowSeconds);
}
