import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { fromHex } from '../../../protocols/bytes.ts';
import { loadCurve } from '../../../protocols/crypto/curve.ts';
import { loadHash } from '../../../protocols/crypto/hash.ts';

export const wasm = new WebAssembly.Module(
  readFileSync(new URL('../../../vendor/secp256k1.wasm', import.meta.url)),
);

export const curve = loadCurve(wasm, new Uint8Array(32).fill(7));
export const hash = loadHash(wasm);

export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The rows of a file in vectors/, each by its column names. No field has quotes or commas. */
export function csvRows(name: string): Record<string, string>[] {
  const text = readFileSync(new URL(`vectors/${name}`, import.meta.url), 'utf8');
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((column, i) => [column, values[i] ?? '']));
  });
}

/** A column of a row, as bytes. */
export function field(row: Record<string, string>, name: string): Uint8Array {
  return fromHex(row[name] ?? 'missing', name);
}

/** 32 bytes, big-endian. */
export function bytes32(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'));
}

export const anySecret = fc.bigInt({ min: 1n, max: ORDER - 1n }).map(bytes32);
export const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
export const anyPoint = anySecret.map((secret) => curve.publicKey(secret));
