import sodium from 'libsodium-wrappers';
import { HashpoolError } from '../errors.ts';

/**
 * ChaCha20-Poly1305 of RFC 8439. A key or nonce of the wrong size, more than 64 associated bytes and a message that
 * has more than 65535 bytes with its tag throw HashpoolError 'bad-length'.
 */
export interface Cipher {
  /**
   * @param associated authenticated and not encrypted; empty where there is none
   * @returns the ciphertext with its tag, 16 bytes more than `plain`
   */
  encrypt(key32: Uint8Array, nonce12: Uint8Array, associated: Uint8Array, plain: Uint8Array): Uint8Array;
  /** The same of the bytes of `source` from `start` to `end`, into `target` from `at` on, where there is room for it. */
  encryptInto(
    target: Uint8Array,
    at: number,
    key32: Uint8Array,
    nonce12: Uint8Array,
    associated: Uint8Array,
    source: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** @returns undefined where the tag does not fit: wrong key, nonce or associated data, or changed bytes */
  decrypt(
    key32: Uint8Array,
    nonce12: Uint8Array,
    associated: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined;
  /**
   * The same of the bytes of `source` from `start` to `end`, into `target` from its beginning on, where there is room for it.
   * @returns false where the tag does not fit; nothing is written then
   */
  decryptInto(
    target: Uint8Array,
    key32: Uint8Array,
    nonce12: Uint8Array,
    associated: Uint8Array,
    source: Uint8Array,
    start: number,
    end: number,
  ): boolean;
}

/**
 * libsodium itself, as the wrappers export it: they copy and allocate for longer than it takes to encrypt a share. Its
 * functions take addresses, and 64-bit lengths as two numbers.
 */
interface RawSodium {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _crypto_aead_chacha20poly1305_ietf_encrypt(...numbers: number[]): number;
  _crypto_aead_chacha20poly1305_ietf_decrypt(...numbers: number[]): number;
}

const TAG_BYTES = 16;
/** Where each lies behind the key, in the one piece of memory through which all goes in and out. */
const NONCE_AT = 32;
const ASSOCIATED_AT = 48;
const MAX_ASSOCIATED_BYTES = 64;
const MESSAGE_AT = ASSOCIATED_AT + MAX_ASSOCIATED_BYTES;
/** Of a Noise message, its tag included. */
const MAX_MESSAGE_BYTES = 65_535;
/** Up to here a loop copies faster than a call. */
const SHORT = 128;

/** Resolves once libsodium's WASM is compiled. */
export async function loadCipher(): Promise<Cipher> {
  await sodium.ready;
  const raw = rawSodium();
  const seal = raw._crypto_aead_chacha20poly1305_ietf_encrypt;
  const open = raw._crypto_aead_chacha20poly1305_ietf_decrypt;
  const key = raw._malloc(MESSAGE_AT + MAX_MESSAGE_BYTES);
  const [nonce, ad, message] = [key + NONCE_AT, key + ASSOCIATED_AT, key + MESSAGE_AT];

  function put(key32: Uint8Array, nonce12: Uint8Array, associated: Uint8Array): Uint8Array {
    expectSizes(key32, nonce12, associated);
    // It is another array after libsodium's memory has grown.
    const memory = raw.HEAPU8;
    copy(key32, 0, 32, memory, key);
    copy(nonce12, 0, 12, memory, nonce);
    copy(associated, 0, associated.length, memory, ad);
    return memory;
  }

  const cipher: Cipher = {
    encryptInto(target, at, key32, nonce12, associated, source, start, end) {
      const length = end - start;
      expectLength(length + TAG_BYTES);
      const memory = put(key32, nonce12, associated);
      copy(source, start, end, memory, message);
      seal(message, 0, message, length, 0, ad, associated.length, 0, 0, nonce, key);
      copy(memory, message, message + length + TAG_BYTES, target, at);
    },
    encrypt(key32, nonce12, associated, plain) {
      const sealed = new Uint8Array(plain.length + TAG_BYTES);
      cipher.encryptInto(sealed, 0, key32, nonce12, associated, plain, 0, plain.length);
      return sealed;
    },
    decryptInto(target, key32, nonce12, associated, source, start, end) {
      const length = end - start;
      expectLength(length);
      const memory = put(key32, nonce12, associated);
      if (length < TAG_BYTES) return false;
      copy(source, start, end, memory, message);
      const isWrong = open(message, 0, 0, message, length, 0, ad, associated.length, 0, nonce, key);
      if (isWrong) return false;
      copy(memory, message, message + length - TAG_BYTES, target, 0);
      return true;
    },
    decrypt(key32, nonce12, associated, sealed) {
      const plain = new Uint8Array(Math.max(0, sealed.length - TAG_BYTES));
      const isRight = cipher.decryptInto(plain, key32, nonce12, associated, sealed, 0, sealed.length);
      return isRight ? plain : undefined;
    },
  };
  return cipher;
}

/** Copies the bytes of `from` from `start` to `end`. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SHORT) to.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) to[at + i - start] = from[i] ?? 0;
}

function rawSodium(): RawSodium {
  const raw: unknown = Reflect.get(sodium, 'libsodium');
  if (isRawSodium(raw)) return raw;
  throw new HashpoolError('bad-wasm', 'libsodium-wrappers exports no libsodium: install its pinned version');
}

function isRawSodium(value: unknown): value is RawSodium {
  return typeof value === 'object' && value !== null && '_malloc' in value && 'HEAPU8' in value;
}

function expectSizes(key32: Uint8Array, nonce12: Uint8Array, associated: Uint8Array): void {
  if (key32.length !== 32) {
    throw new HashpoolError('bad-length', `cipher key must be 32 bytes, not ${key32.length}`);
  }
  if (nonce12.length !== 12) {
    throw new HashpoolError('bad-length', `cipher nonce must be 12 bytes, not ${nonce12.length}`);
  }
  if (associated.length > MAX_ASSOCIATED_BYTES) {
    const words = `at most ${MAX_ASSOCIATED_BYTES} bytes may be associated, not ${associated.length}`;
    throw new HashpoolError('bad-length', words);
  }
}

function expectLength(sealedBytes: number): void {
  if (sealedBytes > MAX_MESSAGE_BYTES) {
    const words = `a sealed message has at most ${MAX_MESSAGE_BYTES} bytes, not ${sealedBytes}`;
    throw new HashpoolError('bad-length', words);
  }
}
