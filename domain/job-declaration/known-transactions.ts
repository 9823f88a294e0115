import { toHex } from '../../protocols/bytes.ts';

/** A transaction that a block can be put together with. */
export interface KnownTransaction {
  /** 32 bytes each, header order. */
  readonly txidLe: Uint8Array;
  readonly wtxidLe: Uint8Array;
  /** The whole serialization, witness included. */
  readonly data: Uint8Array;
}

/** What a transaction takes beside its bytes: its ids, three buffers, a place in the table. */
export const ENTRY_BYTES = 1_700;

/**
 * Transactions by wtxid, up to a number of bytes of memory: those that were asked for longest ago make room. It is no copy of a
 * mempool. What it does not hold, the client that declares it is asked for.
 */
export class KnownTransactions {
  readonly #maxBytes: number;
  readonly #byWtxid = new Map<string, KnownTransaction>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param wtxidLe 32 bytes, header order */
  find(wtxidLe: Uint8Array): KnownTransaction | undefined {
    const key = toHex(wtxidLe);
    const found = this.#byWtxid.get(key);
    if (found === undefined) return undefined;
    this.#byWtxid.delete(key);
    this.#byWtxid.set(key, found);
    return found;
  }

  add(transaction: KnownTransaction): void {
    if (this.find(transaction.wtxidLe) !== undefined) return;
    this.#byWtxid.set(toHex(transaction.wtxidLe), transaction);
    this.#bytes += ENTRY_BYTES + transaction.data.length;
    for (const [key, oldest] of this.#byWtxid) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#byWtxid.delete(key);
      this.#bytes -= ENTRY_BYTES + oldest.data.length;
    }
  }
}
