import { coinbaseInput } from '../../protocols/bitcoin/coinbase.ts';
import { concatBytes, u32Le } from '../../protocols/bytes.ts';
import type { ExtendedJob } from '../jobs/extended-job.ts';
import type { SetCustomMiningJob } from './judge-custom-job.ts';

/** Custom jobs are made of no template of the pool's. */
const NO_TEMPLATE = 0n;

/**
 * The job of a SetCustomMiningJob, which is mined like every other. A miner's tag is for its client to put in.
 * @param customDigest see custom-job.ts
 * @param extranonceBytes of the channel's full extranonce
 */
export function customExtendedJob(
  message: SetCustomMiningJob,
  { id, customDigest, extranonceBytes }: { id: number; customDigest: Uint8Array; extranonceBytes: number },
): ExtendedJob {
  const { coinbase_prefix: script } = message;
  const job: ExtendedJob = {
    id,
    templateId: NO_TEMPLATE,
    version: message.version,
    versionRollingAllowed: true,
    minNtime: message.min_ntime,
    customDigest,
    coinbasePrefix: concatBytes(
      coinbaseInput(message.coinbase_tx_version, script.length + extranonceBytes),
      script,
    ),
    coinbaseSuffix: concatBytes(
      u32Le(message.coinbase_tx_input_nSequence),
      message.coinbase_tx_outputs,
      u32Le(message.coinbase_tx_locktime),
    ),
    merklePath: message.merkle_path,
    withTag: () => job,
  };
  return job;
}
