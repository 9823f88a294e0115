import { join } from 'node:path';
import { HashpoolError } from '../protocols/errors.ts';
import { loadConfig } from '../runtime/config/load.ts';
import { readReference } from '../runtime/config/references.ts';
import { bitcoinRpc } from '../runtime/rpc/client.ts';
import { poolSide } from '../services/shared-config/pool-side.ts';
import { generateBlocks, readChain } from '../services/supervisor/regtest-chain.ts';
import { stateFolder } from '../services/supervisor/state-folder.ts';
import { readOrHelp, runCommand, usageError } from './appliance/command-line.ts';

const MOST_BLOCKS = 1_000;

const usage = `npm run generate-blocks -- [N] [--state DIR]: mines N blocks (default 1) on the running appliance's regtest chain

The blocks pay nobody: they move the chain on, as other miners' blocks would. --state names the appliance's
folder (default .state).`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, {
    state: { type: 'string', default: '.state' },
  });
  const count = blockCount(positionals);
  const state = stateFolder(values.state);
  const { bitcoin } = loadConfig(poolSide, join(state.config, 'shared/pool.toml'));
  if (bitcoin.network !== 'regtest') {
    throw new HashpoolError(
      'not-regtest',
      `this appliance is on ${bitcoin.network}: only regtest mines at will`,
    );
  }
  const folders = { state: state.root, credentials: state.credentials, published: state.published };
  const rpc = bitcoinRpc({
    url: bitcoin.rpc_url,
    auth: readReference(folders, bitcoin.rpc_auth),
    retry: { attempts: 1 },
  });
  await generateBlocks(rpc, count);
  const { height } = await readChain(rpc);
  rpc.close();
  process.stdout.write(`${count} mined; the chain is ${height} blocks high\n`);
  return 0;
}

function blockCount([text = '1', ...rest]: readonly string[]): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (rest.length > 0 || count < 1 || count > MOST_BLOCKS) {
    throw usageError(`a number of blocks is wanted, 1 to ${MOST_BLOCKS}; --help says more`);
  }
  return count;
}

await runCommand('npm run generate-blocks', () => main(process.argv.slice(2)));
