import type { Quantity } from './quantity.ts';

const GROUP = /\B(?=(\d{3})+$)/g;
const names = ['', 'thousand', 'million', 'billion', 'trillion', 'quadrillion', 'quintillion'];
/** Below it every digit is shown. */
const SHORT_FROM = 10_000_000n;

/**
 * The integer that a field of the API holds; sums come as text, since a double can't hold them all.
 * @returns undefined where it is no integer
 */
export function integer(value: string | number | bigint | null | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return value != null && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

/** All digits, in groups of three: `28,311,552`. A text that is no integer is shown as it is. */
export function grouped(value: string | number | bigint): string {
  const exact = integer(value);
  return exact === undefined ? String(value) : String(exact).replace(GROUP, ',');
}

/**
 * A sum as one says it: all digits below ten million, then three of them and a word. Cut and never rounded up, so that
 * nobody reads more than there is.
 */
export function shortAmount(value: string | number | bigint): Quantity {
  const exact = integer(value);
  if (exact === undefined) return { value: String(value), unit: '' };
  const size = exact < 0n ? -exact : exact;
  if (size < SHORT_FROM) return { value: grouped(exact), unit: '' };
  const step = Math.min(Math.floor((String(size).length - 1) / 3), names.length - 1);
  const thousandths = (size * 1000n) / 1000n ** BigInt(step);
  const whole = thousandths / 1000n;
  const places = Math.max(0, 3 - String(whole).length);
  const fraction = String(thousandths % 1000n)
    .padStart(3, '0')
    .slice(0, places)
    .replace(/0+$/, '');
  const sign = exact < 0n ? '-' : '';
  return { value: `${sign}${grouped(whole)}${fraction && `.${fraction}`}`, unit: names[step] ?? '' };
}

/**
 * A part of a whole in percent, with enough digits to be told from nothing and from all: `<0.01 %` is not none, and
 * `>99.99 %` is not all.
 */
export function percent(part: string | number | bigint, whole: string | number | bigint): string {
  const [some, all] = [integer(part), integer(whole)];
  if (some === undefined || all === undefined || all <= 0n) return '-';
  if (some === 0n) return '0 %';
  if (some === all) return '100 %';
  const hundredths = (some * 10_000n) / all;
  if (hundredths === 0n) return '<0.01 %';
  if (some < all && hundredths === 9_999n && some * 10_000n > all * 9_999n) return '>99.99 %';
  const share = Number(hundredths) / 100;
  return `${share.toLocaleString('en-US', { maximumFractionDigits: share >= 10 && share < 99 ? 1 : 2 })} %`;
}

/** `1 miner`, `2 miners`, `0 miners`. */
export function counted(count: string | number | bigint, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${integer(count) === 1n ? one : many}`;
}
