/** A job of a pool that there is not. */
export const testJob = {
  jobId: '1a',
  prevHashLe: Uint8Array.from({ length: 32 }, (_, index) => index),
  coinbasePrefix: new Uint8Array(50).fill(1),
  coinbaseSuffix: new Uint8Array(60).fill(2),
  merklePath: [new Uint8Array(32).fill(3)],
  version: 0x20000000,
  nbits: 0x207fffff,
  ntime: 1_700_000_000,
  cleanJobs: true,
};

export const testExtranonce = { extranonce1: Uint8Array.of(0xab, 0xcd), extranonce2Size: 3 };
