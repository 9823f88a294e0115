import { asRecord } from '../../domain/templates/json-fields.ts';
import { type NetworkName, networks } from '../../protocols/bitcoin/network.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';

/**
 * Makes sure that the node can be worked with: it answers, is on the configured chain and has caught up with it.
 * @throws RpcError, or HashpoolError 'wrong-chain' or 'node-syncing', in words for the log and the status line
 */
export async function assertNodeReady(
  rpc: BitcoinRpc,
  network: NetworkName,
  signal: AbortSignal,
): Promise<void> {
  const answer = await rpc.call('getblockchaininfo', [], { signal, retry: { attempts: 1 } });
  const info = asRecord(answer, 'the answer to getblockchaininfo');
  const expected = networks[network].rpcChain;
  if (info['chain'] !== expected) {
    const message = `the node at ${rpc.url} is on chain ${String(info['chain'])}, not ${expected}: correct bitcoin.rpc_url or bitcoin.network`;
    throw new HashpoolError('wrong-chain', message);
  }
  // A regtest chain counts as unsynced until its first new block, and never has to catch up with anybody.
  if (info['initialblockdownload'] === true && network !== 'regtest') {
    const message = `the node is syncing: block ${String(info['blocks'])} of ${String(info['headers'])}`;
    throw new HashpoolError('node-syncing', message);
  }
}
