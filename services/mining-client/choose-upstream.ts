/** A pool that is better placed must have been well for so long before miners are moved back to it. */
export const RETURN_AFTER_MS = 60_000;
/** So long after the last sign of life the first pool alone is tried: of a short cut miners are to notice nothing. */
export const FIRST_CHANCE_MS = 1500;
/** Then each is tried so much later than the one before it. */
export const HEAD_START_MS = 500;

/** How the link to one pool is. Times are milliseconds of a clock that only goes forward. */
export interface LinkState {
  /** Since when a channel of its own has work there; undefined where it has none. */
  readonly wellSince: number | undefined;
  /** Channels, or shares of cut ones, still need this link. */
  readonly hasDuties: boolean;
}

export interface Choice {
  /** The link that miners mine over, by its place in the list; undefined where no pool is well. */
  readonly active: number | undefined;
  /** Links that are to be kept up, or tried. */
  readonly wanted: readonly boolean[];
}

/**
 * Which pool to mine for, and which to be connected to. The first in the list that is well serves; another one that
 * serves is kept until one before it has been well for a minute, so that a pool that comes and goes moves nobody.
 * @param links in the order of the list
 * @param active as chosen before
 * @param outageSince since when no pool is well: when the last one was heard for the last time
 * @param returnAfterMs RETURN_AFTER_MS where it is not a test's
 */
export function chooseUpstream(
  links: readonly LinkState[],
  { active, outageSince }: { active: number | undefined; outageSince: number },
  now: number,
  returnAfterMs = RETURN_AFTER_MS,
): Choice {
  const next = chooseActive(links, active, now, returnAfterMs);
  const isTried = (place: number): boolean =>
    next === undefined ? now - outageSince >= chanceAfter(place) : place <= next;
  return { active: next, wanted: links.map(({ hasDuties }, place) => hasDuties || isTried(place)) };
}

function chanceAfter(place: number): number {
  return place === 0 ? 0 : FIRST_CHANCE_MS + (place - 1) * HEAD_START_MS;
}

function chooseActive(
  links: readonly LinkState[],
  active: number | undefined,
  now: number,
  returnAfterMs: number,
): number | undefined {
  const isWell = ({ wellSince }: LinkState): boolean => wellSince !== undefined;
  const isSteady = ({ wellSince }: LinkState): boolean =>
    wellSince !== undefined && now - wellSince >= returnAfterMs;
  const current = active === undefined ? undefined : links[active];
  const found =
    current && isWell(current)
      ? links.findIndex((link, place) => place === active || isSteady(link))
      : links.findIndex(isWell);
  return found < 0 ? undefined : found;
}
