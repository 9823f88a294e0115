import type { Parts } from './settle.ts';

/** Reads which keysets the mint has, and the keys of new ones. @throws HashpoolError 'bad-keyset' and those of `requestMint` */
export async function refreshKeysets({ mint, keysets }: Pick<Parts, 'mint' | 'keysets'>): Promise<void> {
  const known = new Set(keysets.all().map(({ id }) => id));
  keysets.update(await mint.keysets((id) => !known.has(id)));
}
