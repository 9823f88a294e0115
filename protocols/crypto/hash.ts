import { HashpoolError } from '../errors.ts';
import { instantiate } from './wasm.ts';

/** What the shares of one job have in common. */
export interface HashedJob {
  /** The coinbase without witness, up to the extranonce. */
  coinbasePrefix: Uint8Array;
  /** The coinbase without witness, from behind the extranonce. */
  coinbaseSuffix: Uint8Array;
  /** 32 bytes each, as sha256d puts them out, from the coinbase's neighbour up. */
  merklePath: readonly Uint8Array[];
  /** 32 bytes, as the header has them. */
  prevHashLe: Uint8Array;
  nbits: number;
}

/** The header that a share stands for, and its hash. */
export interface HashedHeader {
  /** 80 bytes. */
  readonly header: Uint8Array;
  /** 32 bytes, as sha256d puts them out. */
  readonly hashLe: Uint8Array;
}

/** What a share adds to its job. */
export interface HashedShare {
  /** The channel's prefix and what the miner rolled. */
  extranonce: Uint8Array;
  version: number;
  ntime: number;
  nonce: number;
}

/**
 * SHA-256. Input longer than 160 KiB throws 'input-too-long', a field of the wrong size 'bad-length'. Secrets are
 * for `sha256` and `hmacSha256` only, which leave nothing of them in the module's memory.
 */
export interface Hash {
  sha256(bytes: Uint8Array): Uint8Array;
  /** SHA-256 twice: the order in which headers and merkle trees hold hashes. */
  sha256d(bytes: Uint8Array): Uint8Array;
  /** RFC 2104. */
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** The header of a share: coinbase txid, merkle root, header, in one call. */
  shareHeader(job: HashedJob, share: HashedShare): HashedHeader;
  /**
   * As `shareHeader`, of many shares of one job: four at once take little longer than one.
   * @param shares have extranonces of one length
   * @returns the header of each, in their order
   */
  shareHeaders(job: HashedJob, shares: readonly HashedShare[]): HashedHeader[];
  /**
   * The first nonce of `count` from `first` on that gives the header's hash, in display order, at least
   * `targetBits` leading zero bits; undefined if none does.
   * @param header 80 bytes; its own nonce doesn't matter
   * @param count bounds the time: a core does about four million a second; the range ends at 2^32
   * @throws HashpoolError 'bad-range' where first, count or targetBits is out of range
   */
  scanNonces(header: Uint8Array, first: number, count: number, targetBits: number): number | undefined;
}

const HMAC_BLOCK = 64;
const MAX_MERKLE_STEPS = 32;
/** Shares that vendor/hash.c takes at once. */
const LANES = 4;

/**
 * Starts an instance of the SHA-256 in vendor/secp256k1.wasm; one instance serves one thread.
 * @throws HashpoolError 'bad-wasm'
 */
export function loadHash(module: WebAssembly.Module): Hash {
  const wasm = instantiate(module);
  const plainHash = wasm.function('sha256');
  const doubleHash = wasm.function('sha256d');
  const hmac = wasm.function('hmac_sha256');
  const hashShare = wasm.function('share_header');
  const hashShares = wasm.function('share_headers');
  const scan = wasm.function('scan_nonces');

  function sha256(input: Uint8Array): Uint8Array {
    try {
      const out = wasm.reserve(32);
      plainHash(out, wasm.put(input), input.length);
      return wasm.take(out, 32);
    } finally {
      wasm.wipeSecrets();
    }
  }

  function putPath({ merklePath }: HashedJob): number {
    const path = wasm.reserve(0);
    for (const step of merklePath) wasm.put(expectLength(step, 32, 'step of merklePath'));
    return path;
  }

  /** The 80 bytes with zeros where the merkle root belongs. */
  function putHeader(job: HashedJob, share: HashedShare): number {
    const header = wasm.putU32Le(share.version);
    wasm.put(job.prevHashLe);
    wasm.reserve(32);
    wasm.putU32Le(share.ntime);
    wasm.putU32Le(job.nbits);
    wasm.putU32Le(share.nonce);
    return header;
  }

  function shareHeader(job: HashedJob, share: HashedShare): HashedHeader {
    try {
      const hash = wasm.reserve(32);
      const header = putHeader(job, share);
      const coinbase = wasm.put(job.coinbasePrefix);
      wasm.put(share.extranonce);
      wasm.put(job.coinbaseSuffix);
      const path = putPath(job);
      hashShare(hash, header, coinbase, path - coinbase, path, job.merklePath.length);
      return { header: wasm.take(header, 80), hashLe: wasm.take(hash, 32) };
    } finally {
      wasm.wipe();
    }
  }

  /** @param shares up to LANES, whose extranonces have `size` bytes */
  function headersAtOnce(job: HashedJob, shares: readonly HashedShare[], size: number): HashedHeader[] {
    try {
      const hashes = wasm.reserve(32 * LANES);
      const headers = wasm.reserve(0);
      for (const share of shares) putHeader(job, share);
      wasm.reserve(80 * (LANES - shares.length));
      const coinbase = wasm.put(job.coinbasePrefix);
      wasm.reserve(size);
      const path = wasm.put(job.coinbaseSuffix) + job.coinbaseSuffix.length;
      putPath(job);
      const extranonces = wasm.reserve(0);
      for (const share of shares) wasm.put(expectLength(share.extranonce, size, 'extranonce'));
      wasm.reserve(size * (LANES - shares.length));
      const at = job.coinbasePrefix.length;
      hashShares(
        hashes,
        headers,
        coinbase,
        path - coinbase,
        at,
        extranonces,
        size,
        path,
        job.merklePath.length,
      );
      // One array for all of them: an array of this size takes longer to make than a part of one.
      const taken = wasm.take(headers, 80 * shares.length);
      return shares.map((_, lane) => ({
        header: taken.subarray(80 * lane, 80 * (lane + 1)),
        hashLe: wasm.take(hashes + 32 * lane, 32),
      }));
    } finally {
      wasm.wipe();
    }
  }

  return {
    sha256,

    sha256d(input) {
      try {
        const out = wasm.reserve(32);
        doubleHash(out, wasm.put(input), input.length);
        return wasm.take(out, 32);
      } finally {
        wasm.wipe();
      }
    },

    hmacSha256(key, input) {
      const shortKey = key.length > HMAC_BLOCK ? sha256(key) : key;
      try {
        const out = wasm.reserve(32);
        hmac(out, wasm.put(shortKey), shortKey.length, wasm.put(input), input.length);
        return wasm.take(out, 32);
      } finally {
        wasm.wipeSecrets();
      }
    },

    shareHeader(job, share) {
      expectJob(job);
      return shareHeader(job, share);
    },

    shareHeaders(job, shares) {
      expectJob(job);
      const headers: HashedHeader[] = [];
      for (let i = 0; i < shares.length; i += LANES) {
        const [first, second] = [shares[i], shares[i + 1]];
        if (!first) break;
        // Four lanes take longer than one share alone.
        if (second) headers.push(...headersAtOnce(job, shares.slice(i, i + LANES), first.extranonce.length));
        else headers.push(shareHeader(job, first));
      }
      return headers;
    },

    scanNonces(header, first, count, targetBits) {
      expectLength(header, 80, 'header');
      expectInteger(first, 2 ** 32 - 1, 'first');
      expectInteger(count, 2 ** 32 - first, 'count');
      expectInteger(targetBits, 256, 'targetBits');
      try {
        const found = scan(wasm.put(header), first, count, targetBits);
        return found < 0 ? undefined : found;
      } finally {
        wasm.wipe();
      }
    },
  };
}

function expectJob({ prevHashLe, merklePath }: HashedJob): void {
  expectLength(prevHashLe, 32, 'prevHashLe');
  if (merklePath.length <= MAX_MERKLE_STEPS) return;
  throw new HashpoolError(
    'bad-length',
    `merklePath has ${merklePath.length} steps: at most ${MAX_MERKLE_STEPS}`,
  );
}

function expectLength(bytes: Uint8Array, length: number, name: string): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new HashpoolError('bad-length', `${name} must be ${length} bytes, not ${bytes.length}`);
}

function expectInteger(value: number, max: number, name: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new HashpoolError('bad-range', `${name} must be an integer from 0 to ${max}, not ${value}`);
}
