import { type Cipher, loadCipher } from '../protocols/crypto/cipher.ts';

let loaded: Promise<Cipher> | undefined;

/** The cipher of this thread: loaded at the first call, the same one afterwards. Apart from the curve: threads that only sign have no use for libsodium. */
export function threadCipher(): Promise<Cipher> {
  loaded ??= loadCipher();
  return loaded;
}
