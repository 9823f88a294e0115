/** Numbers from 0 (excluded) to 1. */
export type Random = () => number;

/** Above this mean a Poisson or binomial number is drawn as a normal one, whose error is far below the spread. */
const LARGE = 400;

/** A standard normal number (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

/** How many of events of this mean happen. */
export function poisson(mean: number, random: Random): number {
  if (mean > LARGE) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  let count = -1;
  for (let passed = 0; passed < mean; count++) passed -= Math.log(random());
  return Math.max(0, count);
}

/** How many of `n` coins fall heads. */
export function heads(n: number, random: Random): number {
  if (n > LARGE) return Math.min(n, Math.max(0, Math.round(n / 2 + (Math.sqrt(n) / 2) * normal(random))));
  let count = 0;
  for (let i = 0; i < n; i++) if (random() < 0.5) count++;
  return count;
}
