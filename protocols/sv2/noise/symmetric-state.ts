import { concatBytes, utf8 } from '../../bytes.ts';
import type { Cipher } from '../../crypto/cipher.ts';
import type { Curve } from '../../crypto/curve.ts';
import type { Hash } from '../../crypto/hash.ts';
import { HashpoolError } from '../../errors.ts';
import { CipherState } from './cipher-state.ts';

/** The primitives that a handshake is made of. */
export interface NoiseSuite {
  readonly curve: Curve;
  readonly cipher: Cipher;
  readonly hash: Hash;
}

const PROTOCOL_NAME = utf8('Noise_NX_Secp256k1+EllSwift_ChaChaPoly_SHA256');
const EMPTY = new Uint8Array(0);

/** What both sides keep during a handshake: chaining key `ck`, handshake hash `h`, and a key once there is one. */
export class SymmetricState {
  readonly #suite: NoiseSuite;
  ck: Uint8Array;
  h: Uint8Array;
  #cipher: CipherState | undefined;

  /** Starts a handshake; the prologue is empty, yet mixed in (section 4.5.1). */
  constructor(suite: NoiseSuite) {
    this.#suite = suite;
    this.ck = suite.hash.sha256(PROTOCOL_NAME);
    this.h = suite.hash.sha256(this.ck);
  }

  mixHash(data: Uint8Array): void {
    this.h = this.#suite.hash.sha256(concatBytes(this.h, data));
  }

  mixKey(material: Uint8Array): void {
    const [ck, key] = this.#expand(material);
    this.ck = ck;
    this.#cipher = new CipherState(this.#suite.cipher, key);
  }

  /** Encrypts with the handshake hash as associated data, once there is a key, and mixes in what goes out. */
  encryptAndHash(plain: Uint8Array): Uint8Array {
    const sealed = this.#cipher === undefined ? plain : this.#cipher.encrypt(plain, this.h);
    this.mixHash(sealed);
    return sealed;
  }

  /**
   * The receiving side of encryptAndHash.
   * @throws HashpoolError `sv2-handshake-failed` when the bytes were not made by the holder of the same keys
   */
  decryptAndHash(sealed: Uint8Array, label: string): Uint8Array {
    const plain = this.#cipher === undefined ? sealed : this.#cipher.decrypt(sealed, this.h);
    if (plain === undefined) {
      throw new HashpoolError(
        'sv2-handshake-failed',
        `Noise handshake: ${label} does not decrypt; it was changed on the way, or the peer is no Stratum V2 server`,
      );
    }
    this.mixHash(sealed);
    return plain;
  }

  /** The transport keys: initiator to responder, responder to initiator. */
  split(): [Uint8Array, Uint8Array] {
    return this.#expand(EMPTY);
  }

  /** HKDF (RFC 5869) with empty info and two outputs. */
  #expand(material: Uint8Array): [Uint8Array, Uint8Array] {
    const { hash } = this.#suite;
    const temporary = hash.hmacSha256(this.ck, material);
    const first = hash.hmacSha256(temporary, Uint8Array.of(1));
    const second = hash.hmacSha256(temporary, concatBytes(first, Uint8Array.of(2)));
    return [first, second];
  }
}
