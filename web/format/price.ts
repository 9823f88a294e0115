import { integer, shortAmount } from './amount.ts';
import { asText } from './quantity.ts';

/** Hundredths of a satoshi say something below this. */
const EXACT_BELOW = 100n;

/**
 * What ehash is worth, cut and never rounded up: `250 sat for 1 ehash`, or where one is worth less than a satoshi, the least that
 * brings one: `1 sat for 1,234 ehash`.
 * @returns undefined where there is no price: nobody has mined for it, or nothing is paid
 */
export function price(payableSat: string | bigint, work: string | bigint): string | undefined {
  const [sats, ehash] = [integer(payableSat), integer(work)];
  if (sats === undefined || ehash === undefined || sats <= 0n || ehash <= 0n) return undefined;
  if (sats < ehash) return `1 sat for ${amount((ehash + sats - 1n) / sats)} ehash`;
  const isSmall = sats < EXACT_BELOW * ehash;
  const each = isSmall ? String(Number((sats * 100n) / ehash) / 100) : amount(sats / ehash);
  return `${each} sat for 1 ehash`;
}

function amount(value: bigint): string {
  return asText(shortAmount(value)).trim();
}
