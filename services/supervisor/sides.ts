import type { Role, RolesTable } from './roles-table.ts';

export type Side = Role['side'];

/**
 * The table of a host that runs some sides and not others: their roles, each after those only that are there, and the
 * credentials that these use. One that no role reads, as the pool's identity, is the server's.
 * @param without roles that something else runs, such as a node of the operator's own
 */
export function tableOfSides(
  table: RolesTable,
  sides: readonly Side[],
  without: readonly string[] = [],
): RolesTable {
  const chosen = table.roles.filter((role) => sides.includes(role.side) && !without.includes(role.name));
  const here = new Set(chosen.map((role) => role.name));
  const present = (names: readonly string[]) => names.filter((name) => here.has(name));
  const users = (credential: string) => table.roles.filter((role) => role.credentials.includes(credential));
  const isHere = (credential: string) =>
    users(credential).length === 0
      ? sides.includes('server')
      : users(credential).some((role) => sides.includes(role.side));
  return {
    ...table,
    roles: chosen.map((role) => ({ ...role, after: present(role.after), wants: present(role.wants) })),
    credentials: new Map([...table.credentials].filter(([name]) => isHere(name))),
  };
}
