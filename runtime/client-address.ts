const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i;
const GROUPS = 8;
/** What a subscriber has to himself of IPv6: the first 64 bits. */
const OWN_GROUPS = 4;

/**
 * What stands for one client where a limit is per address: an IPv4 address, be it mapped into IPv6, or the network of 64
 * bits that an IPv6 address lies in, since whoever has one has all of that.
 * @param address as a socket or a proxy's header has it; undefined once the socket is closed
 */
export function clientAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const ipv4 = mapped.exec(address)?.[1];
  if (ipv4 !== undefined) return ipv4;
  if (!address.includes(':')) return address;
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => '0');
  const network = [...before, ...zeros, ...after].slice(0, OWN_GROUPS);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
