import type { Static } from 'typebox';
import { isAddressOrNetwork } from '../../../runtime/address-set.ts';
import { defaulted, integer, list, text } from '../../../runtime/config/fields.ts';

/** Loopback: a proxy on the same machine, and whoever has a shell on it. */
const LOOPBACK = ['127.0.0.1', '::1'];

const network = text('an IP address, or a network as in "10.0.0.0/8"', { minLength: 1, maxLength: 64 });

function rate(description: string, perSecond: number) {
  return integer(`${description}, a second and client; a minute's worth may come at once`, {
    min: 1,
    max: 1_000_000,
    default: perSecond,
  });
}

/** `[limits]`: what one client may ask of the Cashu API. An IPv4 address is a client, or a /64 network of IPv6. */
export const limitsConfig = defaulted({
  trusted_proxies: list(
    network,
    "the proxies whose X-Forwarded-For says who the client is; anybody else's is ignored",
    { max: 100, default: LOOPBACK },
  ),
  unlimited: list(
    network,
    'clients without any of these limits, such as the translator that you run yourself',
    {
      max: 100,
      default: LOOPBACK,
    },
  ),
  reads_per_second: rate('requests that change nothing', 50),
  writes_per_second: rate('mints, swaps and melts', 20),
  quotes_per_second: rate('new quotes', 2),
  lookups_per_second: rate('look-ups by public key', 5),
  tokens_per_second: rate(
    'what all requests together hold, in tokens of four values; where it is only read, ten count as one',
    500,
  ),
  websockets: integer('WebSockets open at once, for each client', { min: 0, max: 1000, default: 20 }),
});

export type LimitsConfig = Static<typeof limitsConfig>;

/** What the keys must be beyond their schema, in words; undefined where all is well. */
export function checkLimits(limits: LimitsConfig): string | undefined {
  for (const key of ['trusted_proxies', 'unlimited'] as const) {
    const bad = limits[key].find((entry) => !isAddressOrNetwork(entry));
    if (bad !== undefined)
      return `[limits] ${key} names "${bad}", which is no IP address and no network of them`;
  }
  return undefined;
}
