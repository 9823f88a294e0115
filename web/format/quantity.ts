/** A number and its unit apart, so that a page can set them in different sizes. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const DIGITS = 3;

/**
 * A quantity with three significant digits and the SI prefix that keeps it below 1,000.
 * @param amount in whole units: 1,230,000 with 'H/s' gives 1.23 and MH/s
 */
export function siQuantity(amount: number | bigint, unit: string): Quantity {
  let scaled = Number(amount);
  if (!Number.isFinite(scaled)) return { value: '-', unit };
  let step = 0;
  while (Math.abs(rounded(scaled)) >= 1000 && step < prefixes.length - 1) {
    scaled /= 1000;
    step++;
  }
  return { value: plainNumber(rounded(scaled)), unit: `${prefixes[step]}${unit}` };
}

/** Hashes per second as miners say them. */
export function hashrate(perSecond: number | bigint): Quantity {
  return siQuantity(perSecond, 'H/s');
}

/** A difficulty: a count, so that its unit is the prefix alone. */
export function difficulty(value: number | bigint): string {
  return asText(siQuantity(value, '')).trim();
}

/** Bytes in decimal units, as disks are sold. */
export function bytes(count: number | bigint): Quantity {
  return siQuantity(count, 'B');
}

/** `1.23 MH/s`. */
export function asText({ value, unit }: Quantity): string {
  return `${value} ${unit}`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** Without an exponent, and without zeros that say nothing. */
function plainNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: DIGITS, useGrouping: true });
}
