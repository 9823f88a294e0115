import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HashpoolError } from '../protocols/errors.ts';
import { loadConfig } from '../runtime/config/load.ts';
import { minerSide } from '../services/shared-config/miner-side.ts';
import { type StateFolder, stateFolder } from '../services/supervisor/state-folder.ts';
import { openWallet } from '../services/wallet/wallet.ts';
import { readCommandLine, runCommand, usageError } from './appliance/command-line.ts';
import { databasePaths } from './appliance/databases.ts';
import { walletActions } from './appliance/wallet-actions.ts';

const usage = `npm run wallet -- ACTION [--state DIR] [--mint URL] [--json]: the translator's wallet, whether that runs or not

  balance          collects what waits at the mint and shows what there is
  send AMOUNT      prints a token of AMOUNT that any Cashu wallet takes; --unit UNIT where there are several
  receive TOKEN    takes a token of the wallet's mint in; - reads it from standard input
  key              prints a key of the wallet, to mine to as a username on this mint's pool
  restore          finds everything that the mnemonic owns at the mint

--state names the appliance's folder (default .state), --mint another mint than its config does; --json prints JSON.`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(args, {
    state: { type: 'string', default: '.state' },
    mint: { type: 'string' },
    unit: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  const [name, argument = '', ...rest] = positionals;
  if (values.help || name === undefined) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 64;
  }
  const action = Object.hasOwn(walletActions, name) ? walletActions[name] : undefined;
  if (!action || rest.length > 0)
    throw usageError('say balance, send AMOUNT, receive TOKEN, key or restore; --help says more');
  const state = stateFolder(values.state);
  const wallet = await openWallet({
    path: databasePaths(state).wallet,
    mnemonic: readMnemonic(state),
    mintUrl: values.mint ?? loadConfig(minerSide, join(state.config, 'shared/miner.toml')).mint.url,
    log: { info: () => undefined },
  });
  try {
    await action(wallet, argument, { json: values.json, unit: values.unit });
    return 0;
  } finally {
    await wallet.close();
  }
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
