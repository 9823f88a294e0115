import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, u32Le, utf8 } from '../../protocols/bytes.ts';

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

/** The hash by which a token names a job, 32 bytes: sha256 over all fields, those of no fixed length after their length. */
export function customJobHash(job: CustomJob): Uint8Array {
  return sha256(
    concatBytes(
      DOMAIN,
      u32Le(job.version),
      job.prevHashLe,
      u32Le(job.bits),
      u32Le(job.coinbaseVersion),
      u32Le(job.coinbasePrefix.length),
      job.coinbasePrefix,
      u32Le(job.sequence),
      u32Le(job.outputs.length),
      job.outputs,
      u32Le(job.locktime),
      u32Le(job.merklePath.length),
      ...job.merklePath,
    ),
  );
}
