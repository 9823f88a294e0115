const MERKLE_STEPS = 12;

/** A job of the usual size, for a pool to send and for plain sockets to be sent as a line. */
export const benchJob = {
  version: 0x20000000,
  nbits: 0x1d00ffff,
  coinbasePrefix: new Uint8Array(120).fill(1),
  coinbaseSuffix: new Uint8Array(110).fill(1),
  merklePath: Array.from({ length: MERKLE_STEPS }, (_, i) => new Uint8Array(32).fill(i)),
};
