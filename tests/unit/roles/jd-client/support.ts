import { MiningChannel } from '../../../../domain/channels/mining-channel.ts';
import { customExtendedJob } from '../../../../domain/job-declaration/custom-extended-job.ts';
import type { ChannelJob } from '../../../../domain/jobs/channel-jobs.ts';
import { liveJob } from '../../../../domain/jobs/extended-job.ts';
import type { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import type { HashedWork } from '../../../../domain/shares/validate-share.ts';
import { Vardiff } from '../../../../domain/vardiff/vardiff.ts';

/** A channel of a miner's server. */
export function openedChannel(id: number): MiningChannel {
  return new MiningChannel({
    kind: 'extended',
    id,
    groupId: 1,
    session: id,
    userIdentity: 'farm.rig',
    tag: '',
    prefix: { counter: id, client: 'miner', era: 0, bytes: Uint8Array.of(id, 0) },
    rollableBytes: 4,
    lockingKey: undefined,
    vardiff: new Vardiff(6, 0, 0),
    nominalHashRate: 0,
    clientFloor: 0,
    isFixed: false,
    miners: 1,
    difficultyLimit: undefined,
    resumeName: undefined,
  });
}

/** A job on a tip with these shares. */
export function jobOn(seen: SeenShares): ChannelJob {
  const tip = { prevHashLe: new Uint8Array(32), nbits: 0, minNtime: 0, targetLe: new Uint8Array(32), seen };
  const job = customExtendedJob(
    {
      name: 'SetCustomMiningJob',
      channel_id: 1,
      request_id: 1,
      mining_job_token: new Uint8Array(0),
      version: 0,
      prev_hash: tip.prevHashLe,
      min_ntime: 0,
      nbits: 0,
      coinbase_tx_version: 2,
      coinbase_prefix: new Uint8Array(2),
      coinbase_tx_input_nSequence: 0,
      coinbase_tx_outputs: new Uint8Array(1),
      coinbase_tx_locktime: 0,
      merkle_path: [],
    },
    { id: 1, customDigest: new Uint8Array(32), extranonceBytes: 6 },
  );
  return { live: liveJob(job, tip), k: 0, extranoncePrefix: new Uint8Array(2) };
}

/** Work whose hash is told by a number. */
export function workOf(number: number, job: ChannelJob): HashedWork {
  const hashLe = new Uint8Array(32);
  const view = new DataView(hashLe.buffer);
  for (const offset of [0, 8]) view.setUint32(offset, number, true);
  return { job, extranonce: new Uint8Array(6), header: new Uint8Array(80), hashLe, isBlock: false };
}
