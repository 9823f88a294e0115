import type { LockKeys } from './lock-keys.ts';
import type { Parts } from './settle.ts';

/** Keys of one look-up. */
const KEYS_PER_REQUEST = 50;

/** A share of the wallet's, under the names that its quote has at the mint (docs/ehash.md, Mint quote). */
export interface OwnShare {
  readonly quote: string;
  /** The hash of the share's header, 64 hex digits, display order. */
  readonly request: string;
  readonly unit: string;
  readonly amount: bigint;
  readonly state: string;
  readonly pubkey: string;
}

/**
 * Everything that the mint counts for the wallet's keys, what was minted or paid out long ago included.
 * @throws HashpoolError those of `requestMint`
 */
export async function sharesOf({ mint, isClosing }: Parts, lockKeys: LockKeys): Promise<OwnShare[]> {
  const shares: OwnShare[] = [];
  for (let first = 0; !isClosing(); ) {
    const keys = lockKeys.from(first, KEYS_PER_REQUEST);
    const last = keys.at(-1);
    if (!last) break;
    for await (const page of mint.quotesOf('ehash', keys, 'all')) {
      for (const { id: quote, publicKey: pubkey, ...share } of page) {
        const { request, unit, amount, state } = share;
        shares.push({ quote, request, unit, amount, state, pubkey });
      }
    }
    first = last.index + 1;
  }
  return shares;
}
