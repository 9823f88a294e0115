const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Seconds of a step, and how long its rows are kept. */
export interface Step {
  readonly seconds: number;
  readonly keptSeconds: number;
}

/** Of a side as a whole: each event is added to its step of each kind at once, so that nothing is to be rolled up. */
export const SIDE_STEPS: readonly Step[] = [
  { seconds: 10, keptSeconds: DAY },
  { seconds: MINUTE, keptSeconds: 31 * DAY },
  { seconds: HOUR, keptSeconds: 732 * DAY },
];

/**
 * Of each miner, for its charts of a day, a week, and longer, and days for sums over all of them: at most 20,892 rows of
 * one that mines all the time.
 */
export const MINER_STEPS: readonly Step[] = [
  { seconds: MINUTE, keptSeconds: DAY },
  { seconds: 10 * MINUTE, keptSeconds: 8 * DAY },
  { seconds: HOUR, keptSeconds: 732 * DAY },
  { seconds: DAY, keptSeconds: 732 * DAY },
];

/** Of reasons for rejects, of a side and of each miner. */
export const REJECT_STEPS: readonly Step[] = [
  { seconds: MINUTE, keptSeconds: DAY },
  { seconds: HOUR, keptSeconds: 732 * DAY },
];

/** The shortest step of each; what happens is gathered by these. */
export const SIDE_STEP = 10;
export const MINER_STEP = MINUTE;

/** Begin of the step that a time lies in, Unix seconds. @param atMs Unix ms */
export function stepOf(atMs: number, seconds: number): number {
  const at = Math.floor(atMs / 1000);
  return at - (at % seconds);
}
