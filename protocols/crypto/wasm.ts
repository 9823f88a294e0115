import { HashpoolError } from '../errors.ts';

/** A function of the module: pointers, lengths and small numbers in, one number out. */
export type WasmFunction = (...numbers: number[]) => number;

/**
 * An instance of vendor/secp256k1.wasm with the memory through which bytes go in and out. Not for use by two
 * callers at once, which on one thread cannot happen: every call is synchronous.
 */
export interface WasmModule {
  /** Exported functions by name. @throws HashpoolError 'bad-wasm' if the module has none of that name */
  function(name: string): WasmFunction;
  /** Copies `bytes` in and gives their address, valid until `wipe`. @throws HashpoolError 'input-too-long' */
  put(bytes: Uint8Array): number;
  /** As `put` does, four bytes, little-endian. */
  putU32Le(value: number): number;
  /** Room for a result of `length` bytes, valid until `wipe`. @throws HashpoolError 'input-too-long' */
  reserve(length: number): number;
  /** A copy of `length` bytes at `address`. */
  take(address: number, length: number): Uint8Array;
  /** Zeroes all that was put and reserved since the last time, and frees it. */
  wipe(): void;
  /** Zeroes the module's stack too: for calls that had secrets. */
  wipeSecrets(): void;
}

/**
 * Starts an instance of the module.
 * @throws HashpoolError 'bad-wasm' if it is another module
 */
export function instantiate(module: WebAssembly.Module): WasmModule {
  const exports = new WebAssembly.Instance(module).exports;
  const memory = exports['memory'];
  if (!(memory instanceof WebAssembly.Memory)) {
    throw new HashpoolError('bad-wasm', 'the module exports no memory: rebuild vendor/secp256k1.wasm');
  }
  const wasmFunction = (name: string): WasmFunction => {
    const found = exports[name];
    if (typeof found !== 'function') {
      throw new HashpoolError('bad-wasm', `the module exports no ${name}: rebuild vendor/secp256k1.wasm`);
    }
    return (...numbers) => Number(found(...numbers));
  };
  const base = wasmFunction('io_area')();
  // The module has no allocator, so its memory never grows and this view stays valid.
  const area = new Uint8Array(memory.buffer, base, wasmFunction('io_bytes')());
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  const scrubStack = wasmFunction('scrub_stack');
  let used = 0;

  function reserve(length: number): number {
    if (used + length > area.length) {
      throw new HashpoolError(
        'input-too-long',
        `${used + length} bytes of input: at most ${area.length} fit`,
      );
    }
    const address = base + used;
    used += length;
    return address;
  }

  function wipe(): void {
    area.fill(0, 0, used);
    used = 0;
  }

  return {
    function: wasmFunction,
    reserve,
    put(bytes) {
      const address = reserve(bytes.length);
      area.set(bytes, address - base);
      return address;
    },
    putU32Le(value) {
      const address = reserve(4);
      view.setUint32(address - base, value, true);
      return address;
    },
    take: (address, length) => area.slice(address - base, address - base + length),
    wipe,
    wipeSecrets() {
      wipe();
      scrubStack();
    },
  };
}
