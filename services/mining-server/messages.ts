import type { ExtendedChannel } from '../../domain/channels/extended-channel.ts';
import type { ExtendedJob, LiveJob, Tip } from '../../domain/jobs/extended-job.ts';
import { powerTarget, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import type { Message } from './house.ts';

const targets = new Map<number, Uint8Array>();

/** The target 2^(256-k) - 1 as messages have it. */
export function targetLe(k: number): Uint8Array {
  const known = targets.get(k);
  if (known) return known;
  const target = targetToLeBytes(powerTarget(k));
  targets.set(k, target);
  return target;
}

/** A job for a tip to come: without a time, to be activated. */
export function futureJob(channel: ExtendedChannel, job: ExtendedJob): Message<'NewExtendedMiningJob'> {
  return newJob(channel, job, null);
}

/** A job for the current tip, whose earliest time is that of the tip and not the present. */
export function currentJob(channel: ExtendedChannel, { job, tip }: LiveJob): Message<'NewExtendedMiningJob'> {
  return newJob(channel, job, tip.minNtime);
}

function newJob(
  channel: ExtendedChannel,
  job: ExtendedJob,
  min_ntime: number | null,
): Message<'NewExtendedMiningJob'> {
  return {
    name: 'NewExtendedMiningJob',
    channel_id: channel.id,
    job_id: job.id,
    min_ntime,
    version: job.version,
    version_rolling_allowed: job.versionRollingAllowed,
    merkle_path: job.merklePath,
    coinbase_tx_prefix: job.coinbasePrefix,
    coinbase_tx_suffix: job.coinbaseSuffix,
  };
}

export function newPrevHash(channel: ExtendedChannel, job_id: number, tip: Tip): Message<'SetNewPrevHash'> {
  return {
    name: 'SetNewPrevHash',
    channel_id: channel.id,
    job_id,
    prev_hash: tip.prevHashLe,
    min_ntime: tip.minNtime,
    nbits: tip.nbits,
  };
}

export function setTarget(channel: ExtendedChannel): Message<'SetTarget'> {
  return { name: 'SetTarget', channel_id: channel.id, maximum_target: targetLe(channel.vardiff.k) };
}
