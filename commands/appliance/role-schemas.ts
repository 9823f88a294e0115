import { existsSync } from 'node:fs';
import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import { minerSide } from '../../services/shared-config/miner-side.ts';
import { poolSide } from '../../services/shared-config/pool-side.ts';
import { readRolesTable } from '../../services/supervisor/roles-table.ts';

/**
 * The schemas of all config files, by role; those of the sides' shared files under `server` and `client`.
 * A role's is the export `ROLEConfig` of its config.ts.
 */
export async function roleSchemas(): Promise<Map<string, TSchema>> {
  const schemas = new Map<string, TSchema>([
    ['server', poolSide],
    ['client', minerSide],
  ]);
  for (const { name, command } of readRolesTable().roles) {
    const file = new URL(`../../roles/${name}/config.ts`, import.meta.url);
    if (!command.endsWith('.ts') || !existsSync(file)) continue;
    const exported: Record<string, unknown> = await import(file.href);
    const schema = exported[`${camelCase(name)}Config`];
    if (Type.IsSchema(schema)) schemas.set(name, schema);
  }
  return schemas;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
