import { loadCrypto } from '../../runtime/crypto.ts';

export interface Scan {
  /** 80 bytes. */
  readonly header: Uint8Array;
  readonly first: number;
  readonly count: number;
  /** Leading zero bits wanted. */
  readonly bits: number;
}

/** The tasks of a thread that hashes. */
export async function start() {
  const { hash } = await loadCrypto();
  return {
    /** The first nonce of the range that gives so many zero bits, or undefined. */
    scan: ({ header, first, count, bits }: Scan) => hash.scanNonces(header, first, count, bits),
  };
}

export type ScanTasks = Awaited<ReturnType<typeof start>>;
