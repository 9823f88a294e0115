import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Curve, loadCurve } from '../protocols/crypto/curve.ts';
import { type Hash, loadHash } from '../protocols/crypto/hash.ts';

export interface Crypto {
  curve: Curve;
  hash: Hash;
}

const wasmFile = new URL('../vendor/secp256k1.wasm', import.meta.url);

let loaded: Promise<Crypto> | undefined;

/** Curve and hash of this thread: loaded at the first call, the same ones afterwards. */
export function loadCrypto(): Promise<Crypto> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Crypto> {
  const module = new WebAssembly.Module(await readFile(wasmFile));
  return { curve: loadCurve(module, randomBytes(32)), hash: loadHash(module) };
}
