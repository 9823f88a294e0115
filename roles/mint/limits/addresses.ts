import { isIP } from 'node:net';
import { type AddressSet, plainAddress } from '../../../runtime/address-set.ts';

/** Entries of X-Forwarded-For that are looked at; a chain of proxies is short. */
const MAX_FORWARDED = 16;

/**
 * Who a request is from. X-Forwarded-For is written by whoever likes to: it is read from its end, where the nearest
 * proxy put the address that it saw, and only as far as one trusted proxy names the next.
 * @param peer the other end of the connection
 * @param forwarded the header, as it came
 */
export function forwardedAddress(peer: string, forwarded: string | undefined, trusted: AddressSet): string {
  let client = plainAddress(peer);
  const named = (forwarded ?? '').split(',').slice(-MAX_FORWARDED).reverse();
  for (const each of named) {
    const address = plainAddress(each.trim());
    if (!trusted.has(client) || isIP(address) === 0) break;
    client = address;
  }
  return client;
}
