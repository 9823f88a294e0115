import { type ChannelIds, GROUP_ID } from '../../domain/channels/channel-ids.ts';
import { ExtendedChannel } from '../../domain/channels/extended-channel.ts';
import { channelKey } from '../../domain/channels/locking-key.ts';
import { judgeOpen } from '../../domain/channels/open-channel.ts';
import type { ExtranoncePrefix } from '../../domain/extranonce/allocator.ts';
import { Vardiff } from '../../domain/vardiff/vardiff.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { Message, MiningHouse } from './house.ts';
import { targetLe } from './messages.ts';

/**
 * Opens an extended channel, or says why not.
 * @param ids of the connection's channels
 * @param keysWithShares whether ehash was negotiated, so that shares name whom they pay
 * @returns the channel, or the code for `OpenMiningChannel.Error`
 */
export function openExtendedChannel(
  house: MiningHouse,
  request: Message<'OpenExtendedMiningChannel'>,
  tlvs: readonly Tlv[],
  ids: ChannelIds,
  keysWithShares: boolean,
): ExtendedChannel | string {
  const { policy, range, current } = house;
  if (!range || !current) return 'pool-not-ready';
  const grant = judgeOpen(request, policy.sharesPerMinute, range);
  if (typeof grant === 'string') return grant;
  const lockingKey = channelKey(request.user_identity, tlvs, keysWithShares, policy.houseKey);
  if (typeof lockingKey === 'string') return lockingKey;
  const prefix = allocate(house, grant.rollableBytes);
  if (!prefix) return 'extranonce-exhausted';
  return new ExtendedChannel({
    id: ids.next(),
    groupId: GROUP_ID,
    session: house.nextSession(),
    userIdentity: request.user_identity,
    prefix,
    rollableBytes: grant.rollableBytes,
    lockingKey,
    vardiff: new Vardiff(policy.sharesPerMinute, grant.k, performance.now()),
    nominalHashRate: request.nominal_hash_rate,
    clientFloor: grant.clientFloor,
    update: house.update,
  });
}

/** The answer to a request that was granted. */
export function openSuccess(
  channel: ExtendedChannel,
  request_id: number,
): Message<'OpenExtendedMiningChannel.Success'> {
  return {
    name: 'OpenExtendedMiningChannel.Success',
    request_id,
    channel_id: channel.id,
    target: targetLe(channel.vardiff.k),
    extranonce_size: channel.rollableBytes,
    extranonce_prefix: channel.prefix.bytes,
    group_channel_id: channel.groupId,
  };
}

function allocate(house: MiningHouse, rollableBytes: number): ExtranoncePrefix | undefined {
  try {
    return house.allocator.allocate(rollableBytes);
  } catch (error) {
    if (isHashpoolError(error, 'extranonce-exhausted')) return undefined;
    throw error;
  }
}
