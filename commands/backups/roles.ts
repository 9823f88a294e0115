import { usageError } from '../appliance/command-line.ts';
import type { DatabasePaths } from '../appliance/databases.ts';
import type { Places } from './databases.ts';

/** The databases of the roles that are named; of all, where none is. @throws HashpoolError 'usage' */
export function placesOf(
  { mint, payouts, outbox, wallet, poolStats, proxyStats }: DatabasePaths,
  roles: readonly string[] | undefined,
): Places {
  const ofRole = new Map<string, Places>([
    ['mint', { mint, payouts }],
    ['pool', { outbox }],
    ['translator', { wallet }],
    ['pool-stats', { 'pool-stats': poolStats }],
    ['proxy-stats', { 'proxy-stats': proxyStats }],
  ]);
  const chosen = (roles ?? [...ofRole.keys()]).map((role) => {
    const places = ofRole.get(role);
    if (places) return places;
    throw usageError(`--role is "${role}"; it must be one of ${[...ofRole.keys()].join(', ')}`);
  });
  return Object.assign({}, ...chosen);
}
