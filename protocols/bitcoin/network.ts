/** The chains a role can be configured for. */
export type NetworkName = 'mainnet' | 'testnet4' | 'signet' | 'regtest';

/** What tells one chain's addresses and keys from another's. */
export interface Network {
  /** `chain` in bitcoind's getblockchaininfo. */
  readonly rpcChain: string;
  /** Human-readable part of segwit addresses (BIP173). */
  readonly bech32: string;
  /** Version bytes of base58check addresses. */
  readonly publicKeyHash: number;
  readonly scriptHash: number;
  /** Version of extended public keys (BIP32): xpub or tpub. */
  readonly extendedPublicKey: number;
  /** Blocks after which the subsidy is half of what it was. */
  readonly halvingInterval: number;
}

const HALVING_INTERVAL = 210_000;

const testKeys = { publicKeyHash: 0x6f, scriptHash: 0xc4, extendedPublicKey: 0x043587cf } as const;

/** The constants of each chain (bitcoind's src/kernel/chainparams.cpp); the test chains share most of theirs. */
export const networks: Readonly<Record<NetworkName, Network>> = {
  mainnet: {
    rpcChain: 'main',
    bech32: 'bc',
    publicKeyHash: 0x00,
    scriptHash: 0x05,
    extendedPublicKey: 0x0488b21e,
    halvingInterval: HALVING_INTERVAL,
  },
  testnet4: { rpcChain: 'testnet4', bech32: 'tb', ...testKeys, halvingInterval: HALVING_INTERVAL },
  signet: { rpcChain: 'signet', bech32: 'tb', ...testKeys, halvingInterval: HALVING_INTERVAL },
  regtest: { rpcChain: 'regtest', bech32: 'bcrt', ...testKeys, halvingInterval: 150 },
};
