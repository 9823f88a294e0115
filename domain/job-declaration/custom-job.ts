import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, u32Le, utf8 } from '../../protocols/bytes.ts';

/** A job that a miner made: what a jd-server has looked at and what a pool is then told must be the same. */
export interface CustomJob {
  readonly version: number;
  /** 32 bytes, header order. */
  readonly prevHashLe: Uint8Array;
  /** Compact target of the chain. */
  readonly bits: number;
  readonly coinbaseVersion: number;
  /** The coinbase's script up to the extranonce, which ends it. */
  readonly coinbasePrefix: Uint8Array;
  readonly sequence: number;
  /** The coinbase's outputs as consensus serializes them, their count included. */
  readonly outputs: Uint8Array;
  readonly locktime: number;
  /** The coinbase's siblings, deepest first, in header order. */
  readonly merklePath: readonly Uint8Array[];
}

const DOMAIN = utf8('hashpool-custom-job-v1');
/** Enough of a field's own hash to tell which one differs; that none does is for the hash of all to say. */
const SUM_BYTES = 4;
const HASH_BYTES = 32;

interface Field {
  /** Of SetCustomMiningJob.Error, where this field is the first to differ from what was declared. */
  readonly code: string;
  /** Serialized; those of no fixed length after their length. */
  bytes(job: CustomJob): Uint8Array;
}

const FIELDS: readonly Field[] = [
  // The jd-server's node had another tip of this height.
  { code: 'stale-chain-tip', bytes: ({ prevHashLe }) => prevHashLe },
  { code: 'invalid-nbits', bytes: ({ bits }) => u32Le(bits) },
  { code: 'invalid-version', bytes: ({ version }) => u32Le(version) },
  { code: 'invalid-coinbase-tx-version', bytes: ({ coinbaseVersion }) => u32Le(coinbaseVersion) },
  { code: 'invalid-coinbase-prefix', bytes: ({ coinbasePrefix }) => sized(coinbasePrefix) },
  { code: 'invalid-coinbase-tx-input-n-sequence', bytes: ({ sequence }) => u32Le(sequence) },
  { code: 'invalid-coinbase-tx-outputs', bytes: ({ outputs }) => sized(outputs) },
  { code: 'invalid-coinbase-tx-locktime', bytes: ({ locktime }) => u32Le(locktime) },
  {
    code: 'invalid-merkle-path',
    bytes: ({ merklePath }) => concatBytes(u32Le(merklePath.length), ...merklePath),
  },
];

/** The digest by which a token names a job, 68 bytes: sha256 over all fields, then the first four bytes of each field's own. */
export function customJobDigest(job: CustomJob): Uint8Array {
  const fields = FIELDS.map(({ bytes }) => bytes(job));
  const sums = fields.map((field) => sha256(field).subarray(0, SUM_BYTES));
  return concatBytes(sha256(concatBytes(DOMAIN, ...fields)), ...sums);
}

/** The code for the first field in which two jobs differ by their digests; undefined where the digests can't tell. */
export function firstDifference(digest: Uint8Array, other: Uint8Array): string | undefined {
  return FIELDS.find((_, i) => {
    const at = HASH_BYTES + i * SUM_BYTES;
    return !equalBytes(digest.subarray(at, at + SUM_BYTES), other.subarray(at, at + SUM_BYTES));
  })?.code;
}

const sized = (bytes: Uint8Array): Uint8Array => concatBytes(u32Le(bytes.length), bytes);
