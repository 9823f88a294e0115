import type { BitcoinRpc } from '../../runtime/rpc/client.ts';

/** What the supervisor looks at of a chain. */
export interface ChainState {
  readonly height: number;
  readonly isInitialDownload: boolean;
}

/** A script that anyone can spend (OP_TRUE): a block made to wake the chain pays nobody. */
const NOBODY = 'raw(51)';

/** The node's height and whether it still thinks of itself as catching up. */
export async function readChain(rpc: BitcoinRpc): Promise<ChainState> {
  const info = await rpc.call('getblockchaininfo');
  if (typeof info !== 'object' || info === null || !('blocks' in info) || typeof info.blocks !== 'number') {
    throw new Error('getblockchaininfo answered without a height');
  }
  return {
    height: info.blocks,
    isInitialDownload: 'initialblockdownload' in info && info.initialblockdownload === true,
  };
}

/**
 * Mines a block where the chain of a regtest node has none, or none of the last day: until then the node takes
 * itself for one that is catching up and gives out no templates.
 */
export async function leaveInitialDownload(rpc: BitcoinRpc): Promise<void> {
  const chain = await readChain(rpc);
  if (chain.height === 0 || chain.isInitialDownload) await generateBlocks(rpc, 1);
}

/** Mines `count` blocks that pay nobody, on regtest. */
export async function generateBlocks(rpc: BitcoinRpc, count: number): Promise<void> {
  const checked = await rpc.call('getdescriptorinfo', [NOBODY]);
  if (typeof checked !== 'object' || checked === null || !('descriptor' in checked)) {
    throw new Error('getdescriptorinfo answered without a descriptor');
  }
  await rpc.call('generatetodescriptor', [count, checked.descriptor]);
}
