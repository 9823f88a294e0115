import { address, choice, optional, secret, table, url } from '../../runtime/config/fields.ts';

/** The node that a side works with. */
export const bitcoinConfig = table({
  network: choice('the chain that all parts must be on', ['mainnet', 'testnet4', 'signet', 'regtest']),
  rpc_url: url("the node's JSON-RPC"),
  rpc_auth: secret('user:password of the JSON-RPC, or the path of its cookie file', {
    default: 'credential:bitcoin-rpc',
  }),
  zmq_blocks: optional(
    address("where the node's -zmqpubhashblock is; without it the mint sees a block within a second"),
  ),
});
