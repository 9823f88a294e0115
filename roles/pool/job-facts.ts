import { heightOfJob, type LiveJob } from '../../domain/jobs/extended-job.ts';
import { ByteReader, encodeCompactSize } from '../../protocols/bitcoin/compact-size.ts';
import { decodeOutputs } from '../../protocols/bitcoin/output.ts';
import type { StatsMessageOf } from '../../protocols/stats/messages.ts';

const SEQUENCE_LENGTH = 4;

/** A job as statistics tell of it. @param ms it took to tell all clients */
export function jobFacts({ job, tip }: LiveJob, ms: number, now: number): StatsMessageOf<'TemplateReceived'> {
  return {
    name: 'TemplateReceived',
    at: BigInt(now),
    template_id: job.templateId,
    height: heightOfJob(job) ?? 0,
    prev_hash: tip.prevHashLe,
    version: job.version,
    nbits: tip.nbits,
    target: tip.targetLe,
    value_sat: coinbaseValue(job.coinbaseSuffix),
    merkle_depth: job.merklePath.length,
    job_delay_us: Math.max(1, Math.round(ms * 1000)),
  };
}

/** What the outputs of a coinbase pay together, in satoshis. */
function coinbaseValue(suffix: Uint8Array): bigint {
  const reader = new ByteReader(suffix, 'end of a coinbase');
  reader.take(SEQUENCE_LENGTH);
  const count = reader.compactSize();
  const outputs = suffix.subarray(SEQUENCE_LENGTH + encodeCompactSize(count).length);
  return decodeOutputs(outputs, count).reduce((sum, { value }) => sum + value, 0n);
}
