import { existsSync, writeFileSync } from 'node:fs';
import { minerSide } from '../services/shared-config/miner-side.ts';
import { poolSide } from '../services/shared-config/pool-side.ts';
import { readRolesTable } from '../services/supervisor/roles-table.ts';

/**
 * The schemas of all config files as one JSON value, by role, with those of the sides' shared files under `server` and
 * `client`: nix/modules/settings.nix makes its options from it.
 */
export async function settingsSchemas(): Promise<Record<string, unknown>> {
  const schemas: Record<string, unknown> = { server: poolSide, client: minerSide };
  for (const { name, command } of readRolesTable().roles) {
    const file = new URL(`../roles/${name}/config.ts`, import.meta.url);
    if (!command.endsWith('.ts') || !existsSync(file)) continue;
    const exported: Record<string, unknown> = await import(file.href);
    schemas[name] = exported[`${camelCase(name)}Config`];
  }
  return schemas;
}

/** The text of nix/settings.json. */
export async function settingsFile(): Promise<string> {
  return `${JSON.stringify(await settingsSchemas(), undefined, 2)}\n`;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

if (import.meta.main) {
  const text = await settingsFile();
  if (process.argv.includes('--write')) writeFileSync(new URL('../nix/settings.json', import.meta.url), text);
  else process.stdout.write(text);
}
