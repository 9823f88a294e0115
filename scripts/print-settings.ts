import { writeFileSync } from 'node:fs';
import { roleSchemas } from '../commands/appliance/role-schemas.ts';

/** The text of nix/settings.json: the schemas of all config files, which nix/modules/settings.nix makes options from. */
export async function settingsFile(): Promise<string> {
  return `${JSON.stringify(Object.fromEntries(await roleSchemas()), undefined, 2)}\n`;
}

if (import.meta.main) {
  const text = await settingsFile();
  if (process.argv.includes('--write')) writeFileSync(new URL('../nix/settings.json', import.meta.url), text);
  else process.stdout.write(text);
}
