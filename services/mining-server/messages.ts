import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import { type ExtendedJob, earliestTime, type LiveJob, merkleRoot } from '../../domain/jobs/extended-job.ts';
import { powerTarget, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import type { Message, MiningHouse } from './house.ts';

const targets = new Map<number, Uint8Array>();

/** The target 2^(256-k) - 1 as messages have it. */
export function targetLe(k: number): Uint8Array {
  const known = targets.get(k);
  if (known) return known;
  const target = targetToLeBytes(powerTarget(k));
  targets.set(k, target);
  return target;
}

/**
 * A job for a channel or a group, from which all extended channels, and standard ones in a group, make their own.
 * @param min_ntime null for a tip to come; else that of the tip, and not the present
 */
export function extendedJob(
  channel_id: number,
  job: ExtendedJob,
  min_ntime: number | null,
  house: MiningHouse,
): Message<'NewExtendedMiningJob'> {
  return {
    name: 'NewExtendedMiningJob',
    channel_id,
    job_id: job.id,
    min_ntime,
    version: job.version,
    version_rolling_allowed: job.versionRollingAllowed && house.policy.versionMask !== 0,
    merkle_path: job.merklePath,
    coinbase_tx_prefix: job.coinbasePrefix,
    coinbase_tx_suffix: job.coinbaseSuffix,
  };
}

/** A job ready-made for one standard channel; see {@link extendedJob}. */
export function standardJob(
  channel: MiningChannel,
  job: ExtendedJob,
  min_ntime: number | null,
  house: MiningHouse,
): Message<'NewMiningJob'> {
  return {
    name: 'NewMiningJob',
    channel_id: channel.id,
    job_id: job.id,
    min_ntime,
    version: job.version,
    merkle_root: merkleRoot(job, channel.prefix.bytes, house.hash),
  };
}

/** Activates a job that was announced. */
export function newPrevHash(channel_id: number, live: LiveJob): Message<'SetNewPrevHash'> {
  return {
    name: 'SetNewPrevHash',
    channel_id,
    job_id: live.job.id,
    prev_hash: live.tip.prevHashLe,
    min_ntime: earliestTime(live),
    nbits: live.tip.nbits,
  };
}

export function setTarget(channel_id: number, k: number): Message<'SetTarget'> {
  return { name: 'SetTarget', channel_id, maximum_target: targetLe(k) };
}
