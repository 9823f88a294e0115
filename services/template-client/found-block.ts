import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { addWitness } from '../../protocols/bitcoin/coinbase.ts';
import { concatBytes, readU32Le } from '../../protocols/bytes.ts';
import type { Solution } from './client.ts';

const VERSION_OFFSET = 0;
const TIME_OFFSET = 68;
const NONCE_OFFSET = 76;

/** A found block as it lies on the disk. */
export interface FoundBlock {
  /** 32 bytes, header order. */
  readonly hashLe: Uint8Array;
  /** 80 bytes. */
  readonly header: Uint8Array;
  readonly templateId: bigint;
  /** In full, with its witness. */
  readonly coinbaseTx: Uint8Array;
}

export function foundBlock({ job, header, hashLe, extranonce }: HashedWork): FoundBlock {
  const { coinbasePrefix, coinbaseSuffix, templateId } = job.live.job;
  const coinbaseTx = addWitness(concatBytes(coinbasePrefix, extranonce, coinbaseSuffix));
  return { hashLe, header, templateId, coinbaseTx };
}

/** A found block as the template provider takes it (Stratum V2, 7.8): what it lacks, and the whole coinbase. */
export function solutionOf({ header, templateId, coinbaseTx }: FoundBlock): Solution {
  return {
    template_id: templateId,
    version: readU32Le(header, VERSION_OFFSET),
    header_timestamp: readU32Le(header, TIME_OFFSET),
    header_nonce: readU32Le(header, NONCE_OFFSET),
    coinbase_tx: coinbaseTx,
  };
}
