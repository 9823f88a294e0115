import { type ChannelIds, GROUP_ID, NO_GROUP } from '../../domain/channels/channel-ids.ts';
import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import { type Audience, alone } from './channel-work.ts';

interface Group {
  readonly id: number;
  readonly channels: Set<MiningChannel>;
  readonly announced: Set<number>;
}

/**
 * The groups of one connection, by the tag of their channels: who has the same tag mines the same coinbase, so that one
 * message serves all of them (Stratum V2, 5.2.3). A channel's user identity, and so its tag, is settled when it opens,
 * and so is the size of its extranonce: it stays in the group that `Open….Success` names.
 */
export class ChannelGroups {
  readonly #ids: ChannelIds;
  readonly #byTag = new Map<string, Group>();

  /** @param ids of the connection's channels and groups */
  constructor(ids: ChannelIds) {
    this.#ids = ids;
  }

  /** The group for a channel with that tag; without one it is always the same. */
  idFor(tag: string): number {
    if (tag === '') return GROUP_ID;
    return this.#byTag.get(tag)?.id ?? this.#ids.next();
  }

  /** Takes in a channel that has a group. */
  add(channel: MiningChannel): void {
    const { tag, groupId: id } = channel;
    if (id === NO_GROUP) return;
    const group = this.#byTag.get(tag) ?? { id, channels: new Set(), announced: new Set() };
    group.channels.add(channel);
    this.#byTag.set(tag, group);
  }

  remove(channel: MiningChannel): void {
    const group = this.#byTag.get(channel.tag);
    group?.channels.delete(channel);
    if (group?.channels.size === 0) this.#byTag.delete(channel.tag);
  }

  /** The channels of the group of that id; none where there is no such group. */
  members(id: number): MiningChannel[] {
    for (const group of this.#byTag.values()) if (group.id === id) return [...group.channels];
    return [];
  }

  /** All groups, each to be told of work in one message. */
  audiences(): Audience[] {
    return [...this.#byTag].map(([tag, { id, channels, announced }]) => {
      return { id, tag, channels: [...channels], announced };
    });
  }

  /** A group where all of its channels are among these and have one target; else each of them by itself. */
  asOne(moved: readonly MiningChannel[]): Audience[] {
    return [...Map.groupBy(moved, ({ tag }) => tag)].flatMap(([tag, channels]) => {
      const group = this.#byTag.get(tag);
      const [first] = channels;
      const isAll = channels.length > 1 && channels.length === group?.channels.size;
      const isOne = isAll && channels.every(({ vardiff }) => vardiff.k === first?.vardiff.k);
      return isOne ? [{ id: group.id, tag, channels }] : channels.map(alone);
    });
  }
}
