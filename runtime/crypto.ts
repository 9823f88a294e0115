import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Cipher, loadCipher } from '../protocols/crypto/cipher.ts';
import { type Curve, loadCurve } from '../protocols/crypto/curve.ts';
import { type Hash, loadHash } from '../protocols/crypto/hash.ts';

export interface Crypto {
  curve: Curve;
  hash: Hash;
  cipher: Cipher;
}

const wasmFile = new URL('../vendor/secp256k1.wasm', import.meta.url);

let loaded: Promise<Crypto> | undefined;

/** Curve, hash and cipher of this thread: loaded at the first call, the same ones afterwards. */
export function loadCrypto(): Promise<Crypto> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Crypto> {
  const [file, cipher] = await Promise.all([readFile(wasmFile), loadCipher()]);
  const module = new WebAssembly.Module(file);
  return { curve: loadCurve(module, randomBytes(32)), hash: loadHash(module), cipher };
}
