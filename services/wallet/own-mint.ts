import type { DatabaseSync } from 'node:sqlite';
import { HashpoolError } from '../../protocols/errors.ts';
import type { MintClient } from './mint-client.ts';

/** Makes sure that a mint is the one that this wallet is of. @throws HashpoolError 'wrong-mint' and those of `requestMint` */
export type MintCheck = (mint: Pick<MintClient, 'url' | 'refresh'>) => Promise<void>;

/**
 * Holds a wallet to the mint that it was first used with, by the key in `/v1/info`: what is under way at that one would be
 * given up where another has never heard of it.
 * @param db opened with `walletSchema`
 */
export function openMintCheck(db: DatabaseSync): MintCheck {
  const kept = db.prepare('SELECT mint_key FROM wallet');
  const keep = db.prepare('UPDATE wallet SET mint_key = coalesce(mint_key, ?) RETURNING mint_key');
  return async (mint) => {
    const key = await mint.refresh();
    if (key === undefined) return;
    const own = kept.get()?.['mint_key'] ?? keep.get(key)?.['mint_key'];
    if (own === key) return;
    throw new HashpoolError(
      'wrong-mint',
      `the mint at ${mint.url} has the key ${key}, this wallet's tokens are of the mint with the key ${own}: name that one's address, or move the wallet's database away and restore at this one`,
    );
  };
}
