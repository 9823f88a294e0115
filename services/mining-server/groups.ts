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
 * message serves all of them (Stratum V2, 5.2.3). Their extranonces have one size in any case.
 */
export class ChannelGroups {
  readonly #ids: ChannelIds;
  readonly #isGrouped: boolean;
  readonly #byTag = new Map<string, Group>();

  /**
   * @param ids of the connection's channels and groups
   * @param isGrouped false where each channel gets jobs of its own
   */
  constructor(ids: ChannelIds, isGrouped: boolean) {
    this.#ids = ids;
    this.#isGrouped = isGrouped;
  }

  /** The group for a channel with that tag; without one it is always the same. */
  idFor(tag: string): number {
    if (!this.#isGrouped) return NO_GROUP;
    return tag === '' ? GROUP_ID : (this.#byTag.get(tag)?.id ?? this.#ids.next());
  }

  add(channel: MiningChannel): void {
    const { tag, groupId: id } = channel;
    const group = this.#byTag.get(tag) ?? { id, channels: new Set(), announced: new Set() };
    group.channels.add(channel);
    this.#byTag.set(tag, group);
  }

  remove(channel: MiningChannel): void {
    const group = this.#byTag.get(channel.tag);
    group?.channels.delete(channel);
    if (group?.channels.size === 0) this.#byTag.delete(channel.tag);
  }

  /**
   * Puts a channel into the group of its new tag.
   * @returns whether its client is to be told
   */
  move(channel: MiningChannel, tag: string): boolean {
    if (tag === channel.tag) return false;
    this.remove(channel);
    channel.tag = tag;
    channel.groupId = this.idFor(tag);
    this.add(channel);
    return this.#isGrouped;
  }

  /** The channels of the group of that id; none where there is no such group. */
  members(id: number): MiningChannel[] {
    for (const group of this.#byTag.values()) {
      if (this.#isGrouped && group.id === id) return [...group.channels];
    }
    return [];
  }

  /** Whom work goes to: each group is told of it in one message. */
  audiences(): Audience[] {
    return [...this.#byTag].flatMap(([tag, { id, channels, announced }]) =>
      this.#isGrouped ? [{ id, tag, channels: [...channels], announced }] : [...channels].map(alone),
    );
  }

  /** A group where all of its channels are among these and have one target; else each of them by itself. */
  asOne(moved: readonly MiningChannel[]): Audience[] {
    return [...Map.groupBy(moved, ({ tag }) => tag)].flatMap(([tag, channels]) => {
      const group = this.#byTag.get(tag);
      const [first] = channels;
      const isAll = this.#isGrouped && channels.length > 1 && channels.length === group?.channels.size;
      const isOne = isAll && channels.every(({ k }) => k === first?.k);
      return isOne && group ? [{ id: group.id, tag, channels }] : channels.map(alone);
    });
  }
}
