import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify, type TomlTable } from 'smol-toml';
import { HashpoolError } from '../../protocols/errors.ts';
import { type PlacedPort, shiftPorts } from './ports.ts';
import type { RolesTable } from './roles-table.ts';

/**
 * Writes the config files that the table names as this run's roles read them: those of `source`, word for word
 * but for ports that this run numbers differently, and for what the table's features change.
 * @throws HashpoolError 'no-config' naming a file that is not there
 */
export function writeEffectiveConfig(
  table: RolesTable,
  source: string,
  target: string,
  ports: readonly PlacedPort[],
): void {
  const changes = featureChanges(table);
  // Who reads this folder takes what is in it for what runs.
  rmSync(target, { recursive: true, force: true });
  for (const [file, role] of configFiles(table)) {
    const from = join(source, file);
    if (!existsSync(from)) throw new HashpoolError('no-config', `the config file ${from} is not there`);
    const to = join(target, file);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    const text = changedBy(readFileSync(from, 'utf8'), changes[role]);
    writeFileSync(to, shiftPorts(text, ports), { mode: 0o600 });
  }
}

/** Each file with the role that alone reads it; a shared one with none. */
function configFiles(table: RolesTable): Map<string, string> {
  return new Map(
    table.roles.flatMap(({ name, config, shared }) => [
      [config, name] as const,
      ...(shared === undefined ? [] : [[shared, ''] as const]),
    ]),
  );
}

/** What the features of the table's roles change, by role: config/FEATURE.toml. */
function featureChanges(table: RolesTable): TomlTable {
  const features = new Set(table.roles.flatMap(({ feature }) => feature ?? []));
  return [...features].reduce<TomlTable>((changes, feature) => {
    const file = fileURLToPath(new URL(`../../config/${feature}.toml`, import.meta.url));
    return laidOver(changes, parse(readFileSync(file, 'utf8')));
  }, {});
}

function changedBy(text: string, change: TomlTable[string] | undefined): string {
  return isTable(change) ? stringify(laidOver(parse(text), change)) : text;
}

/** The keys of `above` in place of those below; of tables in both, the keys of either. */
function laidOver(below: TomlTable, above: TomlTable): TomlTable {
  const laid: TomlTable = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = below[key];
    laid[key] = isTable(value) && isTable(under) ? laidOver(under, value) : value;
  }
  return laid;
}

function isTable(value: TomlTable[string] | undefined): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
