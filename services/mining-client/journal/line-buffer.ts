const FIRST_BYTES = 4096;
const DIGIT_0 = 0x30;
const LETTER_A = 0x61;
/** Digits of a number of 32 bits. */
const MOST_DIGITS = 10;
/** Up to here a loop copies faster than a call. */
const SHORT = 128;

/** Text that is put together as the bytes that a file takes: what is written for every share passes through no strings. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** Bytes that were put and not taken. */
  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    // UTF-8 takes at most three bytes for a unit of UTF-16.
    this.#makeRoom(3 * text.length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    const [all, start] = [this.#bytes, this.#length];
    if (bytes.length > SHORT) all.set(bytes, start);
    else for (let i = 0; i < bytes.length; i++) all[start + i] = bytes[i] ?? 0;
    this.#length += bytes.length;
  }

  byte(byte: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#length++] = byte;
  }

  /** @param u32 a whole number below 2^32 */
  decimal(u32: number): void {
    this.#makeRoom(MOST_DIGITS);
    let digits = 1;
    for (let rest = u32; rest >= 10; rest = (rest / 10) >>> 0) digits++;
    this.#length += digits;
    let rest = u32;
    for (let at = this.#length - 1; digits > 0; digits--, at--) {
      const tens = (rest / 10) >>> 0;
      this.#bytes[at] = DIGIT_0 + rest - 10 * tens;
      rest = tens;
    }
  }

  /** Lower-case hex of them. */
  hex(bytes: Uint8Array): void {
    this.#makeRoom(2 * bytes.length);
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      this.#bytes[this.#length++] = hexDigit(byte >>> 4);
      this.#bytes[this.#length++] = hexDigit(byte & 15);
    }
  }

  /** @returns what was put; it holds until more is */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const room = Buffer.allocUnsafe(2 * needed);
    room.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = room;
  }
}

function hexDigit(value: number): number {
  return value < 10 ? DIGIT_0 + value : LETTER_A - 10 + value;
}
