import { duration } from '../format/duration.ts';

/** Windows of charts and counts, in hours. */
export const chartHours = [
  [1, '1 h'],
  [6, '6 h'],
  [24, '24 h'],
  [168, '7 d'],
  [720, '30 d'],
] as const;

export const countHours = [
  [1, '1 h'],
  [24, '24 h'],
  [168, '7 d'],
] as const;

export type ChartHours = (typeof chartHours)[number][0];
export type CountHours = (typeof countHours)[number][0];

/** `last 10 min`, `last 24 h`, `last 7 d`. */
export function lastHours(hours: number): string {
  return `last ${hours <= 24 ? `${hours} h` : `${hours / 24} d`}`;
}

/** The length of a window of averages: `1 min`, `24 h`. */
export function windowName(seconds: number): string {
  return seconds === 86_400 ? '24 h' : duration(seconds);
}
