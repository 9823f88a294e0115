import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { loadCrypto } from '../runtime/crypto.ts';
import { provideCredentials } from '../services/supervisor/credentials.ts';
import { readRolesTable } from '../services/supervisor/roles-table.ts';
import { type Side, tableOfSides } from '../services/supervisor/sides.ts';
import { stateFolder } from '../services/supervisor/state-folder.ts';
import { readOrHelp, refuseWords, runCommand, usageError } from './appliance/command-line.ts';

const usage = `node commands/credentials.ts [--state DIR] [--side server|client ...]: makes the keys that are missing

Each key of nix/roles.toml that roles of the named sides use (default: both) is generated once, into DIR/credentials,
closed to everybody else; what is public of it goes into DIR/public. Keys that are there stay as they are.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, {
    state: { type: 'string', default: '.state' },
    side: { type: 'string', multiple: true, default: ['server', 'client'] },
  });
  refuseWords(positionals);
  const table = tableOfSides(readRolesTable(), values.side.map(sideOf));
  const state = stateFolder(values.state);
  // What is public is for all roles of the host to read, whoever makes it.
  process.umask(0o022);
  mkdirSync(state.published, { recursive: true, mode: 0o755 });
  for (const folder of [state.credentials, state.backups, `${state.root}/run`])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { curve } = await loadCrypto();
  const created = provideCredentials(table, state, { curve, randomBytes });
  process.stdout.write(created.length === 0 ? 'all keys are there\n' : `made ${created.join(', ')}\n`);
  return 0;
}

function sideOf(text: string): Side {
  if (text === 'server' || text === 'client') return text;
  throw usageError(`--side is "${text}"; it must be server or client`);
}

await runCommand('credentials', () => main(process.argv.slice(2)));
