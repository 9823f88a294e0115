import { ENTRY_BYTES } from './known-transactions.ts';

/** Buffers that are held by several, each of which takes room once: as long as somebody holds it. */
export class HeldBuffers {
  readonly #holders = new Map<Uint8Array, number>();
  #bytes = 0;

  /** What they take, each with what keeping it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  add(buffers: readonly Uint8Array[]): void {
    for (const buffer of buffers) {
      const holders = this.#holders.get(buffer) ?? 0;
      if (holders === 0) this.#bytes += ENTRY_BYTES + buffer.length;
      this.#holders.set(buffer, holders + 1);
    }
  }

  /** @param buffers that were added before, once for each time */
  remove(buffers: readonly Uint8Array[]): void {
    for (const buffer of buffers) {
      const holders = this.#holders.get(buffer) ?? 0;
      if (holders > 1) this.#holders.set(buffer, holders - 1);
      else if (this.#holders.delete(buffer)) this.#bytes -= ENTRY_BYTES + buffer.length;
    }
  }
}
