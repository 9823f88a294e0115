/**
 * How an epoch stands for its holders, as a mint tells it to anybody. `provisional`: its block is not final; `maturing`: a
 * block has closed it, so that the height is known from which it can be redeemed, and its price not yet; `expired`: its
 * window has passed; `dissolved`: the chain has left its block; `stranded`: so, after ehash of it was given out.
 */
export const HOLDER_STATES = [
  'provisional',
  'open',
  'maturing',
  'redeemable',
  'expired',
  'dissolved',
  'stranded',
] as const;
export type HolderState = (typeof HOLDER_STATES)[number];
