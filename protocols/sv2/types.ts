import { fault, type Reader, type Writer } from './wire.ts';

/**
 * A wire type of the Stratum V2 specification (section 3.1): how a value is named in the docs, written and read.
 * Everything is little-endian. `read` and `write` throw a FieldFault, which the codec turns into a HashpoolError
 * naming message and field.
 */
export interface FieldType<T> {
  /** The type's name as the specification writes it, e.g. `SEQ0_64K[U16]`. */
  readonly spec: string;
  write(out: Writer, value: T): void;
  read(from: Reader): T;
}

export type Fields = Readonly<Record<string, FieldType<unknown>>>;
export type ValueOf<F> = F extends FieldType<infer T> ? T : never;
export type ValuesOf<F extends Fields> = { -readonly [K in keyof F]: ValueOf<F[K]> };

/** The specification lets a string have 255 bytes; sv2-tp reads the length as a CompactSize and breaks at 253. */
export const MAX_EMITTED_STRING_BYTES = 252;

const U24_MAX = 0xffffff;

function checkInteger(value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw fault('out-of-range', `${value} is not an integer from 0 to ${max}`);
  }
  return value;
}

export const U8: FieldType<number> = {
  spec: 'U8',
  write: (out, value) => out.u8(checkInteger(value, 0xff)),
  read: (from) => from.u8(),
};

export const U16: FieldType<number> = {
  spec: 'U16',
  write: (out, value) => out.u16(checkInteger(value, 0xffff)),
  read: (from) => from.u16(),
};

export const U24: FieldType<number> = {
  spec: 'U24',
  write: (out, value) => out.u24(checkInteger(value, U24_MAX)),
  read: (from) => from.u24(),
};

export const U32: FieldType<number> = {
  spec: 'U32',
  write: (out, value) => out.u32(checkInteger(value, 0xffffffff)),
  read: (from) => from.u32(),
};

export const U64: FieldType<bigint> = {
  spec: 'U64',
  write(out, value) {
    if (typeof value !== 'bigint' || value < 0n || value > 0xffffffffffffffffn) {
      throw fault('out-of-range', `${value} is not a bigint from 0 to 2^64 - 1`);
    }
    out.u64(value);
  },
  read: (from) => from.u64(),
};

/** IEEE 754 single precision. Any bits are read (see isNominalHashRate); only finite numbers are written. */
export const F32: FieldType<number> = {
  spec: 'F32',
  write(out, value) {
    if (!Number.isFinite(Math.fround(value))) throw fault('out-of-range', `${value} is not a finite F32`);
    out.f32(value);
  },
  read: (from) => from.f32(),
};

/** Only the lowest bit counts; the others are ignored, as the specification asks. */
export const BOOL: FieldType<boolean> = {
  spec: 'BOOL',
  write: (out, value) => out.u8(value ? 1 : 0),
  read: (from) => (from.u8() & 1) === 1,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 by custom. Bytes that are not UTF-8 are read as U+FFFD: peers do not validate what they pass on. */
export const STR0_255: FieldType<string> = {
  spec: 'STR0_255',
  write(out, value) {
    const bytes = encoder.encode(value);
    if (bytes.length > MAX_EMITTED_STRING_BYTES) {
      throw fault(
        'bad-length',
        `${bytes.length} bytes of text, at most ${MAX_EMITTED_STRING_BYTES} are sent`,
      );
    }
    out.u8(bytes.length);
    out.bytes(bytes);
  },
  read: (from) => decoder.decode(from.view(from.u8())),
};

/** Exactly `length` bytes, unprefixed. */
export function FIXED(length: number, spec = `FIXED(${length})`): FieldType<Uint8Array> {
  return {
    spec,
    write(out, value) {
      if (value.length !== length)
        throw fault('bad-length', `${value.length} bytes, exactly ${length} wanted`);
      out.bytes(value);
    },
    read: (from) => from.copy(length),
  };
}

/** 32 raw bytes: a hash as sha256d puts it out, or a target as a little-endian integer. */
export const U256 = FIXED(32, 'U256');
/** An x-only public key. */
export const PUBKEY = FIXED(32, 'PUBKEY');
/** A BIP 340 signature. */
export const SIGNATURE = FIXED(64, 'SIGNATURE');

function prefixedBytes(spec: string, prefix: FieldType<number>, max: number): FieldType<Uint8Array> {
  const check = (length: number) => {
    if (length > max) throw fault('bad-length', `${length} bytes, at most ${max} allowed`);
    return length;
  };
  return {
    spec,
    write(out, value) {
      prefix.write(out, check(value.length));
      out.bytes(value);
    },
    read: (from) => from.copy(check(prefix.read(from))),
  };
}

export const B0_32 = prefixedBytes('B0_32', U8, 32);
export const B0_255 = prefixedBytes('B0_255', U8, 0xff);
export const B0_64K = prefixedBytes('B0_64K', U16, 0xffff);
export const B0_16M = prefixedBytes('B0_16M', U24, U24_MAX);

/** A count of 0 or 1, then the value; null when absent. */
export function OPTION<T>(item: FieldType<T>): FieldType<T | null> {
  return {
    spec: `OPTION[${item.spec}]`,
    write(out, value) {
      out.u8(value === null ? 0 : 1);
      if (value !== null) item.write(out, value);
    },
    read(from) {
      const count = from.u8();
      if (count > 1) throw fault('out-of-range', `OPTION holds ${count} values, 0 or 1 allowed`);
      return count === 0 ? null : item.read(from);
    },
  };
}

function sequence<T>(spec: string, prefix: FieldType<number>, max: number, item: FieldType<T>) {
  return {
    spec: `${spec}[${item.spec}]`,
    write(out: Writer, values: readonly T[]) {
      if (values.length > max) throw fault('bad-length', `${values.length} items, at most ${max} allowed`);
      prefix.write(out, values.length);
      for (const value of values) item.write(out, value);
    },
    read(from: Reader): readonly T[] {
      const values: T[] = [];
      for (let left = prefix.read(from); left > 0; left--) values.push(item.read(from));
      return values;
    },
  } satisfies FieldType<readonly T[]>;
}

export const SEQ0_255 = <T>(item: FieldType<T>): FieldType<readonly T[]> =>
  sequence('SEQ0_255', U8, 0xff, item);
export const SEQ0_64K = <T>(item: FieldType<T>): FieldType<readonly T[]> =>
  sequence('SEQ0_64K', U16, 0xffff, item);

/**
 * A last field that older peers leave out: absent when the payload ends before it, and then read as `absent`.
 * It is always written.
 */
export function TRAILING<T>(item: FieldType<T>, absent: T): FieldType<T> {
  return {
    spec: item.spec,
    write: (out, value) => item.write(out, value),
    read: (from) => (from.remaining === 0 ? absent : item.read(from)),
  };
}
