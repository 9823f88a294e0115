/** A keyset has the amounts 2^0 … 2^62: what fits a signed 64-bit integer, as databases and wallets store it. */
export const KEYSET_SIZE = 63;

/** An amount as it comes out of `parseJson`: a number where that is exact, else a bigint. */
export type JsonAmount = number | bigint;

/**
 * The power that `amount` is, or undefined where it is no amount of a keyset.
 * @param amount in units of the keyset
 */
export function exponentOf(amount: JsonAmount): number | undefined {
  if (typeof amount === 'number' && !Number.isSafeInteger(amount)) return undefined;
  const value = BigInt(amount);
  if (value < 1n || (value & (value - 1n)) !== 0n) return undefined;
  const exponent = value.toString(2).length - 1;
  return exponent < KEYSET_SIZE ? exponent : undefined;
}

/** 2^exponent, in units of the keyset. */
export function amountOf(exponent: number): bigint {
  return 1n << BigInt(exponent);
}

/** Sum of 2^exponent over `exponents`; exact, however large. */
export function sumOf(exponents: Iterable<number>): bigint {
  let sum = 0n;
  for (const exponent of exponents) sum += amountOf(exponent);
  return sum;
}

/** `amount` as the fewest powers of two, the smallest first (NUT-03 asks for ascending order). */
export function splitAmount(amount: bigint): number[] {
  const exponents: number[] = [];
  for (let exponent = 0, rest = amount; rest > 0n; exponent++, rest >>= 1n) {
    if ((rest & 1n) === 1n) exponents.push(exponent);
  }
  return exponents;
}

/** Big-endian bytes of `amount` without leading zeros; none for 0. */
export function minimalBytes(amount: bigint): Uint8Array {
  const length = amount === 0n ? 0 : Math.ceil(amount.toString(2).length / 8);
  const bytes = new Uint8Array(length);
  let rest = amount;
  for (let i = length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}
