import type { ChannelIds } from '../../domain/channels/channel-ids.ts';
import {
  hasFixedTargetField,
  type KeyError,
  resumeTokenField,
  sharingMiners,
} from '../../domain/channels/locking-key.ts';
import { type ChannelKind, clientName, MiningChannel } from '../../domain/channels/mining-channel.ts';
import { judgeOpen } from '../../domain/channels/open-channel.ts';
import { resumeName } from '../../domain/channels/resumable-channels.ts';
import type { ExtranoncePrefix } from '../../domain/extranonce/allocator.ts';
import { type ExponentRange, Vardiff } from '../../domain/vardiff/vardiff.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { REQUIRES_STANDARD_JOBS, REQUIRES_WORK_SELECTION } from '../../protocols/sv2/mining.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { ChannelGroups } from './groups.ts';
import type { Message, MiningHouse } from './house.ts';
import { targetLe } from './messages.ts';
import { resumeChannel } from './resume.ts';

export type OpenRequest = Message<'OpenStandardMiningChannel'> | Message<'OpenExtendedMiningChannel'>;
export type OpenSuccess =
  | Message<'OpenStandardMiningChannel.Success'>
  | Message<'OpenExtendedMiningChannel.Success'>;

/** The code for a client, or a pool, that has as many channels as it may. */
export const TOO_MANY_CHANNELS = 'too-many-channels';

/** Who asks for a channel. */
export interface Opener {
  /** Of the connection's channels. */
  readonly ids: ChannelIds;
  readonly groups: Pick<ChannelGroups, 'idFor'>;
  readonly terms: ConnectionTerms;
  /** Whose prefixes are counted together. */
  readonly client: string;
  /** Whom the channel pays, a point of the curve; undefined where only shares say so; or why it can't be opened. */
  readonly lockingKey: Uint8Array | undefined | KeyError;
}

/** What a client's connection is like, by the flags of its `SetupConnection` and the extensions negotiated. */
export interface ConnectionTerms {
  /** Each channel gets jobs of its own; there are standard channels only, and no group. */
  readonly standardJobs: boolean;
  /** The client makes its jobs itself and is sent none; there are extended channels only. */
  readonly workSelection: boolean;
}

export function connectionTerms(flags: number): ConnectionTerms {
  return {
    standardJobs: (flags & REQUIRES_STANDARD_JOBS) !== 0,
    workSelection: (flags & REQUIRES_WORK_SELECTION) !== 0,
  };
}

/**
 * Opens a channel, or resumes the one that token and payee name, or says why not.
 * @returns the channel, or the code for `OpenMiningChannel.Error`
 */
export function openChannel(
  house: MiningHouse,
  request: OpenRequest,
  tlvs: readonly Tlv[],
  { ids, groups, terms, client, lockingKey }: Opener,
): MiningChannel | string {
  const { policy, range, current } = house;
  const kind = request.name === 'OpenStandardMiningChannel' ? 'standard' : 'extended';
  const unsupported = unsupportedKind(kind, terms);
  if (unsupported) return unsupported;
  if (!range || !current || house.obstacles.size > 0) return 'pool-not-ready';
  const { user_identity: userIdentity } = request;
  if (typeof lockingKey === 'string') return lockingKey;
  const now = performance.now();
  const session = house.nextSession();
  const proven = house.memory.recall(clientName(userIdentity, lockingKey), session, now);
  const difficultyLimit = policy.difficultyLimits?.find(userIdentity);
  const isFixed = hasFixedTargetField(tlvs);
  const { mostRollable } = house.allocator;
  const known = { difficultyLimit, proven, isFixed, mostRollable };
  const grant = judgeOpen(request, policy.sharesPerMinute, range, known);
  if (typeof grant === 'string') return grant;
  const token = resumeTokenField(tlvs);
  const wanted = {
    kind,
    id: ids.next(),
    session,
    userIdentity,
    rollableBytes: grant.rollableBytes,
    lockingKey,
    nominalHashRate: request.nominal_hash_rate,
    clientFloor: grant.clientFloor,
    isFixed,
    miners: sharingMiners(tlvs),
    difficultyLimit,
    resumeName: token && resumeName(token, userIdentity, lockingKey),
  } as const;
  const place = () => {
    const tag = terms.workSelection ? '' : house.tags.take(userIdentity);
    return { tag, groupId: groups.idFor(tag) };
  };
  const resumed = resumeChannel(house, wanted, place);
  if (resumed) {
    // Of the tips of its time away nobody could tell a client that is sent no jobs.
    if (terms.workSelection) resumed.jobs.retire(current.tip.prevHashLe);
    return settled(resumed, house, range);
  }
  if (house.allocator.heldBy(client) >= policy.maxChannelsPerAddress) return TOO_MANY_CHANNELS;
  const prefix = allocatePrefix(house, grant.rollableBytes, client);
  if (!prefix) return 'extranonce-exhausted';
  const vardiff = new Vardiff(policy.sharesPerMinute, grant.k, now, proven);
  return settled(new MiningChannel({ ...wanted, ...place(), prefix, vardiff }), house, range);
}

function settled(channel: MiningChannel, { useful }: MiningHouse, paid: ExponentRange): MiningChannel {
  channel.settle(useful, channel.range(paid));
  return channel;
}

/** The answer to a request that was granted. */
export function openSuccess(channel: MiningChannel, request_id: number): OpenSuccess {
  const granted = {
    request_id,
    channel_id: channel.id,
    target: targetLe(channel.k),
    extranonce_prefix: channel.prefix.bytes,
    group_channel_id: channel.groupId,
  };
  return channel.kind === 'standard'
    ? { name: 'OpenStandardMiningChannel.Success', ...granted }
    : {
        name: 'OpenExtendedMiningChannel.Success',
        ...granted,
        extranonce_size: channel.rollableBytes,
      };
}

/** @returns undefined where all are in use */
export function allocatePrefix(
  house: Pick<MiningHouse, 'allocator' | 'figures'>,
  rollableBytes: number,
  client: string,
): ExtranoncePrefix | undefined {
  try {
    return house.allocator.allocate(rollableBytes, client);
  } catch (error) {
    if (!isHashpoolError(error, 'extranonce-exhausted')) throw error;
    house.figures.exhausted++;
    return undefined;
  }
}

function unsupportedKind(kind: ChannelKind, terms: ConnectionTerms): string | undefined {
  if (kind === 'standard' && terms.workSelection) return 'standard-channels-not-supported-for-custom-work';
  if (kind === 'extended' && terms.standardJobs) return 'extended-channels-not-supported-for-standard-jobs';
  return undefined;
}
