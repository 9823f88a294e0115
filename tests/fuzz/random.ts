/** Reproducible random numbers (mulberry32): the same seed gives the same run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.u32() % limit;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff);
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  /** Bytes with some of them flipped, overwritten, cut off, doubled or added. */
  mutate(original: Uint8Array): Uint8Array {
    let bytes = Uint8Array.from(original);
    for (let changes = 1 + this.below(4); changes > 0; changes--) {
      const at = this.below(bytes.length + 1);
      switch (this.below(5)) {
        case 0:
          if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << this.below(8));
          break;
        case 1:
          if (at < bytes.length) bytes[at] = this.pick([0, 1, 0x7f, 0x80, 0xff]);
          break;
        case 2:
          bytes = bytes.slice(0, at);
          break;
        case 3:
          bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(this.below(at + 1))]);
          break;
        default:
          bytes = Uint8Array.from([
            ...bytes.subarray(0, at),
            ...this.bytes(1 + this.below(8)),
            ...bytes.subarray(at),
          ]);
      }
    }
    return bytes;
  }
}
