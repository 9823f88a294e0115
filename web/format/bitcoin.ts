import { grouped, integer } from './amount.ts';

const SATS = 100_000_000n;

/** A sum of satoshi in bitcoin, exact: `3.125 BTC`. A text that is no integer is shown as it is. */
export function bitcoin(sats: string | number | bigint): string {
  const exact = integer(sats);
  if (exact === undefined) return String(sats);
  const size = exact < 0n ? -exact : exact;
  const fraction = String(size % SATS)
    .padStart(8, '0')
    .replace(/0+$/, '');
  return `${exact < 0n ? '-' : ''}${grouped(size / SATS)}${fraction && `.${fraction}`} BTC`;
}
