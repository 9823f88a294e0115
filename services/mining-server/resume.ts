import type { MiningChannel, MiningChannelOptions } from '../../domain/channels/mining-channel.ts';
import type { MiningHouse } from './house.ts';

/** What a channel of a new connection is to be, whether it was there before or not. */
export type WantedChannel = Omit<MiningChannelOptions, 'groupId' | 'tag' | 'prefix' | 'vardiff' | 'jobs'>;

/**
 * The channel of a cut link that the client asks to have back, with its prefix, jobs and difficulty. One that does not
 * fit what is wanted now is over.
 * @param place takes a tag for it, and a group of the new connection
 * @returns undefined where there is none that fits
 */
export function resumeChannel(
  house: MiningHouse,
  wanted: WantedChannel,
  place: () => Pick<MiningChannelOptions, 'tag' | 'groupId'>,
): MiningChannel | undefined {
  const held = wanted.resumeName === undefined ? undefined : house.resumable.take(wanted.resumeName);
  if (!held) return undefined;
  const { channel: former, cutAt } = held;
  if (former.kind !== wanted.kind || former.rollableBytes !== wanted.rollableBytes) {
    house.retire(former);
    return undefined;
  }
  // The time away says nothing of the miner's rate, and gave it no chance to hand anything in.
  const now = performance.now();
  former.vardiff.set(former.vardiff.k, now);
  former.jobs.prolong(now - (cutAt ?? now));
  house.tags.release(former.tag);
  return former.resumed({ ...wanted, ...place() });
}
