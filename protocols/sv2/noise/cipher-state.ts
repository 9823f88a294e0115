import type { Cipher } from '../../crypto/cipher.ts';
import { HashpoolError } from '../../errors.ts';

/** Bytes that sealing adds. */
export const MAC_BYTES = 16;
const NONCE_BYTES = 12;
const EMPTY = new Uint8Array(0);

/** One direction's ChaCha20-Poly1305 key and its counter. Its nonce is 4 zero bytes, then the counter as LE U64. */
export class CipherState {
  readonly #cipher: Cipher;
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  readonly #nonceView = new DataView(this.#nonce.buffer);
  #counter: number;

  constructor(cipher: Cipher, key: Uint8Array, counter = 0) {
    this.#cipher = cipher;
    this.#key = key;
    this.#counter = counter;
  }

  /** How many messages were sealed or opened. */
  get counter(): number {
    return this.#counter;
  }

  /** @throws HashpoolError `sv2-nonces-used-up` instead of using a nonce twice */
  encrypt(plain: Uint8Array, associated: Uint8Array = EMPTY): Uint8Array {
    const sealed = this.#cipher.encrypt(this.#key, this.#currentNonce(), associated, plain);
    this.#counter++;
    return sealed;
  }

  /** The same of bytes of `source` into `target` from `at` on, with nothing associated. @throws as `encrypt` does */
  encryptInto(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): void {
    this.#cipher.encryptInto(target, at, this.#key, this.#currentNonce(), EMPTY, source, start, end);
    this.#counter++;
  }

  /** @returns undefined when authentication fails; the counter then stays, and the connection is to be closed */
  decrypt(sealed: Uint8Array, associated: Uint8Array = EMPTY): Uint8Array | undefined {
    const plain = this.#cipher.decrypt(this.#key, this.#currentNonce(), associated, sealed);
    if (plain !== undefined) this.#counter++;
    return plain;
  }

  /**
   * The same of bytes of `source` into `target`, with nothing associated.
   * @returns false where `decrypt` returns undefined
   */
  decryptInto(target: Uint8Array, source: Uint8Array, start: number, end: number): boolean {
    const isRight = this.#cipher.decryptInto(
      target,
      this.#key,
      this.#currentNonce(),
      EMPTY,
      source,
      start,
      end,
    );
    if (isRight) this.#counter++;
    return isRight;
  }

  #currentNonce(): Uint8Array {
    if (this.#counter >= Number.MAX_SAFE_INTEGER) {
      throw new HashpoolError('sv2-nonces-used-up', 'the connection has sent all messages its key allows');
    }
    this.#nonceView.setUint32(4, this.#counter, true);
    this.#nonceView.setUint32(8, this.#counter / 0x100000000, true);
    return this.#nonce;
  }
}
