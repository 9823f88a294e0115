import { hash as nodeHash } from 'node:crypto';
import { loadCrypto } from '../../runtime/crypto.ts';
import { type Figure, loop } from './figure.ts';

const { hash } = await loadCrypto();

const BLOCK = 64;
const header = new Uint8Array(80).fill(1);

/** The processor's limit: OpenSSL on one long input, with the processor's SHA instructions where it has them. */
export const nativeBlocks: Figure = {
  name: 'SHA-256 blocks by OpenSSL, 1 MiB at a time',
  unit: 'per second and core',
  open() {
    const input = new Uint8Array(1 << 20);
    return {
      run() {
        const times = 100;
        for (let i = 0; i < times; i++) nodeHash('sha256', input, 'buffer');
        return { operations: (times * input.length) / BLOCK };
      },
    };
  },
};

/** A header takes three blocks: two, and one for the hash of the hash. */
export const sha256d = loop('sha256d of a header', () => () => hash.sha256d(header), {
  figure: nativeBlocks,
  per: 3,
});

const MERKLE_STEPS = 12;
const COINBASE_BYTES = 250;
/** Coinbase 4 + 1, three for each merkle step, header 3. */
export const BLOCKS_PER_SHARE = 5 + 3 * MERKLE_STEPS + 3;

const job = {
  coinbasePrefix: new Uint8Array(120).fill(3),
  coinbaseSuffix: new Uint8Array(COINBASE_BYTES - 120 - 16).fill(4),
  merklePath: Array.from({ length: MERKLE_STEPS }, (_, i) => new Uint8Array(32).fill(i)),
  prevHashLe: new Uint8Array(32).fill(5),
  nbits: 0x207fffff,
};
const share = { extranonce: new Uint8Array(16).fill(2), version: 0x20000000, ntime: 1_700_000_000, nonce: 0 };

export const fullShare = loop(
  `full share: coinbase of ${COINBASE_BYTES} B, ${MERKLE_STEPS} merkle steps, header`,
  () => () => {
    share.nonce = (share.nonce + 1) >>> 0;
    hash.shareHeader(job, share);
  },
  { figure: sha256d, per: BLOCKS_PER_SHARE / 3 },
);

const TOGETHER = 64;
const sharesTogether: Figure = {
  name: `full shares, ${TOGETHER} of one job in a call`,
  unit: 'per second and core',
  limit: { figure: fullShare, per: 1 },
  open() {
    const shares = Array.from({ length: TOGETHER }, (_, nonce) => ({ ...share, nonce }));
    return {
      run() {
        const rounds = 200;
        for (let i = 0; i < rounds; i++) hash.shareHeaders(job, shares);
        return { operations: rounds * TOGETHER };
      },
    };
  },
};

const SCAN = 10_000;
export const scan: Figure = {
  name: 'nonces scanned by the miner',
  unit: 'per second and core',
  limit: { figure: nativeBlocks, per: 2 },
  open: () => ({
    run() {
      const rounds = 60;
      for (let i = 0; i < rounds; i++) hash.scanNonces(header, i * SCAN, SCAN, 256);
      return { operations: rounds * SCAN };
    },
  }),
};

const peers = [
  loop(
    'peer node:crypto: sha256d of a header',
    () => () => nodeHash('sha256', nodeHash('sha256', header, 'buffer'), 'buffer'),
    { figure: sha256d },
  ),
];

export const figures: Figure[] = [nativeBlocks, sha256d, fullShare, sharesTogether, scan, ...peers];
