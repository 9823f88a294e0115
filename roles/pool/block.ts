import type { HashedWork } from '../../domain/shares/validate-share.ts';
import { addWitness } from '../../protocols/bitcoin/coinbase.ts';
import { concatBytes, readU32Le } from '../../protocols/bytes.ts';
import type { Solution } from '../../services/template-client/client.ts';

const VERSION_OFFSET = 0;
const TIME_OFFSET = 68;
const NONCE_OFFSET = 76;

/** A found block as the template provider takes it (Stratum V2, 7.8): what it lacks, and the whole coinbase. */
export function solutionOf({ job, header, extranonce }: HashedWork): Solution {
  const { coinbasePrefix, coinbaseSuffix, templateId } = job.live.job;
  return {
    template_id: templateId,
    version: readU32Le(header, VERSION_OFFSET),
    header_timestamp: readU32Le(header, TIME_OFFSET),
    header_nonce: readU32Le(header, NONCE_OFFSET),
    coinbase_tx: addWitness(concatBytes(coinbasePrefix, extranonce, coinbaseSuffix)),
  };
}
