import type { NetworkName } from '../../protocols/bitcoin/network.ts';

/** Confirmations, the block itself counted, after which a pool's block is taken for final. Testnet4 is reorganized most. */
export const CONFIRMATIONS: Readonly<Record<NetworkName, number>> = {
  mainnet: 6,
  testnet4: 30,
  signet: 6,
  regtest: 1,
};
