import type { MiningChannel, MiningChannelOptions } from '../../domain/channels/mining-channel.ts';
import type { MiningHouse } from './house.ts';

/** How long a client may have been away whose cut link was not seen yet: it gives up on a silent one within this. */
const UNSEEN_CUT_MS = 60_000;

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
  // The time away gave the miner no chance to hand anything in: what it found then comes at once.
  const now = performance.now();
  former.vardiff.resumed(now, cutAt === undefined ? UNSEEN_CUT_MS : now - cutAt, wanted.miners);
  former.jobs.prolong(now - (cutAt ?? now));
  house.tags.release(former.tag);
  return former.resumed({ ...wanted, ...place() });
}
