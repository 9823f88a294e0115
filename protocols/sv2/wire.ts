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

/** A cursor over a payload. Byte fields are copied out, so that a kept key does not keep a whole frame alive. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    // A Buffer's slice would not copy; a plain view over the same memory does.
    this.#bytes =
      bytes.constructor === Uint8Array
        ? bytes
        : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u24(): number {
    const start = this.#advance(3);
    return this.#view.getUint16(start, true) | (this.#view.getUint8(start + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#advance(4), true);
  }

  copy(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.slice(start, start + length);
  }

  /** Bytes that the caller reads at once and does not keep. */
  view(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }
}

const INITIAL_BYTES = 64 * 1024;

/** Grows as needed and is used again for the next message; `finish` copies the message out. */
export class Writer {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #offset = 0;

  /** Forgets what was written and leaves `headroom` bytes free for a header that is known only at the end. */
  start(headroom: number): void {
    this.#offset = headroom;
  }

  get length(): number {
    return this.#offset;
  }

  /** Where the header goes that `start` left room for. */
  get header(): DataView {
    return this.#view;
  }

  finish(): Uint8Array {
    const message = this.#bytes.slice(0, this.#offset);
    if (this.#bytes.length > INITIAL_BYTES) this.#resize(INITIAL_BYTES);
    this.#offset = 0;
    return message;
  }

  #resize(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, Math.min(this.#offset, length)));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #advance(count: number): number {
    const start = this.#offset;
    const end = start + count;
    if (end > this.#bytes.length) this.#resize(Math.max(end, 2 * this.#bytes.length));
    this.#offset = end;
    return start;
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
    const start = this.#advance(value.length);
    this.#bytes.set(value, start);
  }
}
