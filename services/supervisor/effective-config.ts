import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HashpoolError } from '../../protocols/errors.ts';
import { type PlacedPort, shiftPorts } from './ports.ts';
import type { RolesTable } from './roles-table.ts';

/**
 * Writes the config files that the table names as this run's roles read them: those of `source`, word for word
 * but for ports that this run numbers differently.
 * @throws HashpoolError 'no-config' naming a file that is not there
 */
export function writeEffectiveConfig(
  table: RolesTable,
  source: string,
  target: string,
  ports: readonly PlacedPort[],
): void {
  for (const file of configFiles(table)) {
    const from = join(source, file);
    if (!existsSync(from)) throw new HashpoolError('no-config', `the config file ${from} is not there`);
    const to = join(target, file);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    writeFileSync(to, shiftPorts(readFileSync(from, 'utf8'), ports), { mode: 0o600 });
  }
}

function configFiles(table: RolesTable): Set<string> {
  return new Set(
    table.roles.flatMap((role) => (role.shared === undefined ? [role.config] : [role.config, role.shared])),
  );
}
