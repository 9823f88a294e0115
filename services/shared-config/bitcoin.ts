import { choice, secret, table, url } from '../../runtime/config/fields.ts';

/** The node that a side works with. */
export const bitcoinConfig = table({
  network: choice('the chain that all parts must be on', ['mainnet', 'testnet4', 'signet', 'regtest']),
  rpc_url: url("the node's JSON-RPC"),
  rpc_auth: secret('user:password of the JSON-RPC, or the path of its cookie file', {
    default: 'credential:bitcoin-rpc',
  }),
});
