/** Blocks from a boundary until the coinbase in it can be spent, and the epoch that it closed be redeemed. */
export const COINBASE_MATURITY = 100;

/** A year of blocks at ten minutes: how long an epoch can be redeemed unless the config says otherwise. */
export const DEFAULT_WINDOW_BLOCKS = 52_560;

/** When an epoch that was closed can be redeemed, in heights of the chain. */
export interface RedemptionWindow {
  /** The first height at which it can. */
  readonly fromHeight: number;
  /** The first height at which it cannot any more. */
  readonly untilHeight: number;
}

/** How a closed epoch stands: its reward is too young, it can be redeemed, or its window has passed. */
export type RedemptionState = 'maturing' | 'redeemable' | 'expired';

/**
 * The window of an epoch.
 * @param closedHeight of the boundary that closed it
 * @param windowBlocks counted from when it can be redeemed, as published when it opened
 * @param maturity blocks from the boundary on; 0 where no coinbase has to mature, as for a reward over Lightning
 */
export function redemptionWindow(
  closedHeight: number,
  windowBlocks: number,
  maturity = COINBASE_MATURITY,
): RedemptionWindow {
  const fromHeight = closedHeight + maturity;
  return { fromHeight, untilHeight: fromHeight + windowBlocks };
}

/** How an epoch stands at the chain's height `tip`. */
export function redemptionState({ fromHeight, untilHeight }: RedemptionWindow, tip: number): RedemptionState {
  if (tip < fromHeight) return 'maturing';
  return tip < untilHeight ? 'redeemable' : 'expired';
}
