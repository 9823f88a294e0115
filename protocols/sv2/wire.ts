/** Why a field could not be read or written; becomes the code `sv2-<kind>` of a HashpoolError. */
export type FaultKind = 'truncated' | 'out-of-range' | 'bad-length';

/** A fault in a value, located from the inside out: each enclosing struct puts its field's name in front. */
export class FieldFault extends Error {
  readonly kind: FaultKind;
  path = '';

  constructor(kind: FaultKind, text: string) {
    super(text);
    this.kind = kind;
  }
}

export function fault(kind: FaultKind, text: string): FieldFault {
  return new FieldFault(kind, text);
}

/** Adds the name of the field that was being read or written. */
export function atField(error: unknown, name: string | undefined): unknown {
  if (error instanceof FieldFault) error.path = error.path === '' ? `${name}` : `${name}.${error.path}`;
  return error;
}

/** An unsigned little-endian integer of bytes that are there. */
export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

export function readU24(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) | ((bytes[at + 2] ?? 0) << 16);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (readU24(bytes, at) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

/** Up to here a loop copies faster than a call. */
const SHORT = 64;
const scratch = new DataView(new ArrayBuffer(4));

/** The bytes from `start` to `end` in an array of their own. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  if (copy.length > SHORT) copy.set(bytes.subarray(start, end));
  else for (let i = 0; i < copy.length; i++) copy[i] = bytes[start + i] ?? 0;
  return copy;
}

/**
 * A cursor over a payload. Byte fields are copied out, so that a kept key does not keep a whole frame alive. Integers
 * are put together from bytes: a DataView over a small array costs more than reading a whole message.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** What lies after the last field: TLVs, or fields of a later version of the protocol. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  #advance(count: number): number {
    const start = this.#offset;
    if (start + count > this.#bytes.length) {
      throw fault('truncated', `${count} bytes wanted, ${this.remaining} left in the payload`);
    }
    this.#offset = start + count;
    return start;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)] ?? 0;
  }

  u16(): number {
    return readU16(this.#bytes, this.#advance(2));
  }

  u24(): number {
    return readU24(this.#bytes, this.#advance(3));
  }

  u32(): number {
    return readU32(this.#bytes, this.#advance(4));
  }

  u64(): bigint {
    const start = this.#advance(8);
    const low = readU32(this.#bytes, start);
    const high = readU32(this.#bytes, start + 4);
    return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
  }

  f32(): number {
    scratch.setUint32(0, this.u32());
    return scratch.getFloat32(0);
  }

  copy(length: number): Uint8Array {
    const start = this.#advance(length);
    return copyOf(this.#bytes, start, start + length);
  }

  /** Bytes that the caller reads at once and does not keep. */
  view(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }
}

const SLAB_BYTES = 64 * 1024;
const NO_SLAB = new Uint8Array(0);

/**
 * Writes messages one behind the other into a slab of memory and hands each out where it lies; a new slab is taken when
 * one is full. Nothing is copied, and no message pays for an allocation of its own.
 */
export class Writer {
  #slab = NO_SLAB;
  #view = new DataView(this.#slab.buffer);
  #start = 0;
  #end = 0;

  /** Forgets what an error left unfinished, and leaves room for a header that is known only at the end. */
  start(headroom: number): void {
    this.#end = this.#start;
    this.#advance(headroom);
  }

  /** The message, whose bytes are never written again. */
  finish(): Uint8Array {
    const message = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    // A slab made for one huge message is not kept for the small ones after it.
    if (this.#slab.length > SLAB_BYTES) this.#use(NO_SLAB, 0);
    return message;
  }

  #advance(count: number): number {
    const end = this.#end + count;
    if (end > this.#slab.length) return this.#moveOn(count);
    const start = this.#end;
    this.#end = end;
    return start;
  }

  #moveOn(count: number): number {
    const begun = this.#slab.subarray(this.#start, this.#end);
    const slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * (begun.length + count)));
    slab.set(begun);
    this.#use(slab, begun.length + count);
    return begun.length;
  }

  #use(slab: Uint8Array<ArrayBuffer>, end: number): void {
    this.#slab = slab;
    this.#view = new DataView(slab.buffer);
    this.#start = 0;
    this.#end = end;
  }

  u8(value: number): void {
    const start = this.#advance(1);
    this.#view.setUint8(start, value);
  }

  u16(value: number): void {
    const start = this.#advance(2);
    this.#view.setUint16(start, value, true);
  }

  u24(value: number): void {
    const start = this.#advance(3);
    this.#view.setUint16(start, value & 0xffff, true);
    this.#view.setUint8(start + 2, value >>> 16);
  }

  u32(value: number): void {
    const start = this.#advance(4);
    this.#view.setUint32(start, value, true);
  }

  u64(value: bigint): void {
    const start = this.#advance(8);
    this.#view.setBigUint64(start, value, true);
  }

  f32(value: number): void {
    const start = this.#advance(4);
    this.#view.setFloat32(start, value, true);
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    const start = this.#advance(length);
    if (length > SHORT) this.#slab.set(value, start);
    else for (let i = 0; i < length; i++) this.#slab[start + i] = value[i] ?? 0;
  }
}
