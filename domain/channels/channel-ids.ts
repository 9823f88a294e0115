/** Channels that one connection may have open. */
export const MAX_CHANNELS_PER_CONNECTION = 20_000;

/**
 * Of those that each need jobs of their own, since the client requires standard jobs: new work for them is made in one
 * go, and other clients wait meanwhile.
 */
export const MAX_UNGROUPED_CHANNELS = 1_000;

/** The group of a connection's channels that have no tag; channels and groups share one range of ids. */
export const GROUP_ID = 1;

/** What channels have in place of a group where the client requires standard jobs, each channel its own. */
export const NO_GROUP = 0;

/** Hands out the ids of one connection's channels and other groups, from 2 on, none twice. */
export class ChannelIds {
  #next = GROUP_ID + 1;

  next(): number {
    return this.#next++;
  }
}
