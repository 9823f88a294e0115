import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HashpoolError } from '../protocols/errors.ts';
import { loadConfig } from '../runtime/config/load.ts';
import { minerSide } from '../services/shared-config/miner-side.ts';
import { type StateFolder, stateFolder } from '../services/supervisor/state-folder.ts';
import { openWallet } from '../services/wallet/wallet.ts';
import { readCommandLine, runCommand, usageError } from './appliance/command-line.ts';
import { databasePaths } from './appliance/databases.ts';
import { chooseAction, print, type Said, walletActions } from './appliance/wallet-actions.ts';
import { walletOptions } from './appliance/wallet-options.ts';

/** Where the second column of the usage begins. */
const COLUMN = 22;

const actionHelp = Object.entries(walletActions)
  .map(
    ([name, { argument = '', help }]) =>
      `  ${name} ${argument}`.padEnd(COLUMN) + help.join(`\n${' '.repeat(COLUMN)}`),
  )
  .join('\n');

const usage = `npm run wallet -- ACTION [options] [--state DIR] [--mint URL] [--json]: the translator's wallet, whether that runs or not

${actionHelp}

--state names the appliance's folder (default .state), --mint another mint than its config does; --json prints JSON,
one object a line.`;

async function main(args: readonly string[]): Promise<number> {
  const {
    values: { state: folder, mint, json, help, ...options },
    positionals,
  } = readCommandLine(args, {
    ...walletOptions,
    state: { type: 'string', default: '.state' },
    mint: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (help || positionals.length === 0) {
    process.stdout.write(`${usage}\n`);
    return help ? 0 : 64;
  }
  const run = chooseAction(positionals, options);
  const state = stateFolder(folder);
  const wallet = await openWallet({
    path: databasePaths(state).wallet,
    mnemonic: readMnemonic(state),
    mintUrl: mint === undefined ? configuredMint(state) : mintAddress(mint),
    log: { info: () => undefined },
  });
  try {
    const say = (said: Said) => print(said, json);
    say(await run(wallet, say));
    return 0;
  } finally {
    await wallet.close();
  }
}

function configuredMint(state: StateFolder): string {
  return loadConfig(minerSide, join(state.config, 'shared/miner.toml')).mint.url;
}

function mintAddress(text: string): string {
  const { protocol } = URL.parse(text) ?? {};
  if (protocol === 'http:' || protocol === 'https:') return text;
  throw usageError(`--mint ${text.slice(0, 70)}: an address is wanted, such as https://mint.example`);
}

function readMnemonic(state: StateFolder): string {
  const file = join(state.credentials, 'wallet-mnemonic');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  throw new HashpoolError(
    'no-mnemonic',
    `${file} is not there: npm start makes it, --state names another folder`,
  );
}

await runCommand('npm run wallet', () => main(process.argv.slice(2)));
