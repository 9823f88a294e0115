/**
 * How the full extranonce is shared out. It has one size on all channels, since a group's members share one coinbase
 * prefix:
 *
 *     [ server id ][ counter ][ zeros ][ rolled by the client ]
 */
export interface ExtranonceLayout {
  /** 0 where nobody else mines the same coinbase. */
  readonly serverIdBytes: 0 | 2;
  readonly counterBytes: 1 | 2 | 4;
  readonly fullBytes: number;
}

/** Where the pool makes the coinbase. */
export const OWN_COINBASE: ExtranonceLayout = { serverIdBytes: 2, counterBytes: 4, fullBytes: 20 };

/** Of an upstream's extranonce2 one byte at least tells apart the jobs that are made of one of its own. */
const JOB_BYTES = 1;
/** Two bytes of counter, four for the client. */
const ROOMY: ExtranonceLayout = { serverIdBytes: 0, counterBytes: 2, fullBytes: 6 };
const NARROW = [3, 4, 5].map((fullBytes): ExtranonceLayout => {
  return { serverIdBytes: 0, counterBytes: 1, fullBytes };
});
/** Two bytes is the least that a client can do with, next to nonce and version. */
export const LEAST_UPSTREAM_BYTES = JOB_BYTES + 3;

/** What a client can be given to roll at most. */
export function mostRollable({ serverIdBytes, counterBytes, fullBytes }: ExtranonceLayout): number {
  return fullBytes - serverIdBytes - counterBytes;
}

/**
 * How the extranonce2 of a Stratum V1 upstream is shared out: what the layout leaves of it tells jobs apart. The layout that
 * is in use stays where it fits, since another one costs clients their channels.
 * @param extranonce2Size bytes
 * @param inUse undefined where there is none
 * @returns undefined where these are too few
 */
export function layOutUpstream(
  extranonce2Size: number,
  inUse: ExtranonceLayout | undefined,
): ExtranonceLayout | undefined {
  const isFitting = ({ fullBytes }: ExtranonceLayout) => fullBytes + JOB_BYTES <= extranonce2Size;
  if (inUse?.serverIdBytes === 0 && isFitting(inUse)) return inUse;
  return isFitting(ROOMY) ? ROOMY : NARROW.findLast(isFitting);
}

/** Of an upstream's extranonce that is given by Stratum V2, so many bytes tell our jobs on one of its own apart. */
const CUSTOM_JOB_BYTES = 2;
const ofChannels = new Map<number, ExtranonceLayout>();

/**
 * How the rollable extranonce of an upstream's channel is shared out, all of it but {@link CUSTOM_JOB_BYTES}; the same for
 * the same size.
 * @param rollableBytes 6 at least: two of counter, two for the client
 */
export function layOutChannel(rollableBytes: number): ExtranonceLayout {
  const known = ofChannels.get(rollableBytes);
  if (known) return known;
  const layout = { serverIdBytes: 0, counterBytes: 2, fullBytes: rollableBytes - CUSTOM_JOB_BYTES } as const;
  ofChannels.set(rollableBytes, layout);
  return layout;
}
