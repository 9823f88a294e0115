import { type NetworkName, networks } from './network.ts';

const FIRST_SUBSIDY = 5_000_000_000n;
/** By then nothing is left, and a shift by more would wrap. */
const MOST_HALVINGS = 64;

/** What a block creates besides its fees, in satoshis (bitcoind's GetBlockSubsidy). */
export function blockSubsidy(height: number, network: NetworkName): bigint {
  const halvings = Math.floor(height / networks[network].halvingInterval);
  return halvings >= MOST_HALVINGS ? 0n : FIRST_SUBSIDY >> BigInt(halvings);
}
