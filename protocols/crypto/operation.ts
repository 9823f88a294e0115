import { HashpoolError } from '../errors.ts';
import type { WasmModule } from './wasm.ts';

/** What one input of a function in vendor/curve.c must be, for the check before and the error after. */
export interface Input {
  name: string;
  /** In bytes; undefined where any will do, and the function is told. */
  length: number | undefined;
  code: string;
  rule: string;
}

export const point = (name = 'point'): Input => ({
  name,
  length: 33,
  code: 'bad-point',
  rule: 'a compressed point of secp256k1',
});

export const secretKey = (name = 'secret key'): Input => ({
  name,
  length: 32,
  code: 'bad-secret-key',
  rule: 'a number from 1 to the order of secp256k1 less one',
});

export const scalar = (name: string): Input => ({
  name,
  length: 32,
  code: 'bad-scalar',
  rule: 'a number below the order of secp256k1',
});

export const xOnlyKey = (name = 'x-only key'): Input => ({
  name,
  length: 32,
  code: 'bad-x-only-key',
  rule: 'the x coordinate of a point of secp256k1',
});

/** Bytes that have a length and no other rule. */
export const bytes = (name: string, length: number): Input => ({
  name,
  length,
  code: 'bad-length',
  rule: `${length} bytes`,
});

/** A message of any length. */
export const message = (name = 'message'): Input => ({
  name,
  length: undefined,
  code: 'bad-length',
  rule: 'bytes',
});

type Call<T> = (inputs: readonly (Uint8Array | undefined)[], ...numbers: number[]) => T;

/** Binds functions of vendor/curve.c, which say 1, 0, or -n where the n-th input is malformed. */
export function operations(wasm: WasmModule): {
  /** A function that puts out `length` bytes. */
  result(length: number, name: string, ...inputs: Input[]): Call<Uint8Array>;
  /** A function that puts out `length` bytes where its answer is yes, and nothing where it is no. */
  resultIf(length: number, name: string, ...inputs: Input[]): Call<Uint8Array | undefined>;
  /** A function that answers yes or no. */
  test(name: string, ...inputs: Input[]): Call<boolean>;
} {
  function put(input: Input, value: Uint8Array | undefined): number[] {
    if (value === undefined) return [0];
    if (input.length === undefined) return [wasm.put(value), value.length];
    if (value.length !== input.length) {
      throw new HashpoolError(input.code, `${input.name} must be ${input.length} bytes, not ${value.length}`);
    }
    return [wasm.put(value)];
  }

  const resultIf = (length: number, name: string, ...inputs: Input[]): Call<Uint8Array | undefined> => {
    const run = wasm.function(name);
    return (values, ...numbers) => {
      try {
        const out = wasm.reserve(length);
        const status = run(out, ...inputs.flatMap((input, i) => put(input, values[i])), ...numbers);
        if (status < 0) throw malformed(status, name, inputs);
        return status === 1 ? wasm.take(out, length) : undefined;
      } finally {
        wasm.wipeSecrets();
      }
    };
  };

  return {
    resultIf,
    result(length, name, ...inputs) {
      const call = resultIf(length, name, ...inputs);
      return (values, ...numbers) => {
        const out = call(values, ...numbers);
        if (out === undefined) throw malformed(0, name, inputs);
        return out;
      };
    },
    test(name, ...inputs) {
      const run = wasm.function(name);
      return (values) => {
        try {
          const status = run(...inputs.flatMap((input, i) => put(input, values[i])));
          if (status < 0) throw malformed(status, name, inputs);
          return status === 1;
        } finally {
          wasm.wipeSecrets();
        }
      };
    },
  };
}

function malformed(status: number, name: string, inputs: readonly Input[]): HashpoolError {
  const input = inputs[-status - 1];
  return input === undefined
    ? new HashpoolError('no-result', `${name} has no result for these inputs: the sum or product is zero`)
    : new HashpoolError(input.code, `${input.name} must be ${input.rule}`);
}
