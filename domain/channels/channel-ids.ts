/** Channels that one connection may have open. */
export const MAX_CHANNELS_PER_CONNECTION = 10_000;

/** The group that all channels of a connection belong to; channels and groups share one range of ids. */
export const GROUP_ID = 1;

/** Hands out the ids of one connection's channels, from 2 on, none twice. */
export class ChannelIds {
  #next = GROUP_ID + 1;

  next(): number {
    return this.#next++;
  }
}
