import sodium from 'libsodium-wrappers';
import { HashpoolError } from '../errors.ts';

/** ChaCha20-Poly1305 of RFC 8439. A key or nonce of the wrong size throws HashpoolError 'bad-length'. */
export interface Cipher {
  /**
   * @param associated authenticated and not encrypted; empty where there is none
   * @returns the ciphertext with its tag, 16 bytes more than `plain`
   */
  encrypt(key32: Uint8Array, nonce12: Uint8Array, associated: Uint8Array, plain: Uint8Array): Uint8Array;
  /** @returns undefined where the tag does not fit: wrong key, nonce or associated data, or changed bytes */
  decrypt(
    key32: Uint8Array,
    nonce12: Uint8Array,
    associated: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined;
}

const TAG_BYTES = 16;

/** Resolves once libsodium's WASM is compiled. */
export async function loadCipher(): Promise<Cipher> {
  await sodium.ready;
  return {
    encrypt(key32, nonce12, associated, plain) {
      expectSizes(key32, nonce12);
      return sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, associated, null, nonce12, key32);
    },
    decrypt(key32, nonce12, associated, sealed) {
      expectSizes(key32, nonce12);
      if (sealed.length < TAG_BYTES) return undefined;
      try {
        return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, associated, nonce12, key32);
      } catch (error) {
        if (isWrongTag(error)) return undefined;
        throw error;
      }
    },
  };
}

/** libsodium-wrappers tells a wrong tag from other trouble by this text alone. */
function isWrongTag(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('ciphertext cannot be decrypted');
}

function expectSizes(key32: Uint8Array, nonce12: Uint8Array): void {
  if (key32.length !== 32) {
    throw new HashpoolError('bad-length', `cipher key must be 32 bytes, not ${key32.length}`);
  }
  if (nonce12.length !== 12) {
    throw new HashpoolError('bad-length', `cipher nonce must be 12 bytes, not ${nonce12.length}`);
  }
}
