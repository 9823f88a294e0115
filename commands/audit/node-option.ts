import { rpcAuthFromText } from '../../runtime/rpc/auth.ts';
import { type BitcoinRpc, bitcoinRpc } from '../../runtime/rpc/client.ts';
import { usageError } from '../appliance/command-line.ts';

/** The node that `--node` and `--node-auth` name; undefined without the first. @throws HashpoolError 'usage', 'bad-rpc-url' */
export function nodeOption(given: {
  readonly node?: string | undefined;
  readonly 'node-auth'?: string | undefined;
}): BitcoinRpc | undefined {
  if (given.node === undefined) return undefined;
  const auth = given['node-auth'] ?? process.env['HASHPOOL_NODE_AUTH'];
  if (auth !== undefined) return bitcoinRpc({ url: given.node, auth: rpcAuthFromText(auth) });
  throw usageError('--node-auth is missing: user:password of the node, or the path of its cookie file');
}
