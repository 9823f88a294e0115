/** Blocks from a boundary until the coinbase in it can be spent, and the epoch that it closed be redeemed. */
export const COINBASE_MATURITY = 100;

/** A year of blocks at ten minutes: how long an epoch can be redeemed unless the config says otherwise. */
export const DEFAULT_WINDOW_BLOCKS = 52_560;

/** What an epoch's window follows from. */
export interface WindowedEpoch {
  /** For how many blocks it can be redeemed, from when it can, as published when it opened. */
  readonly windowBlocks: number;
  /** The boundary that closes it; undefined while it is open. */
  readonly closing: { readonly height: number } | undefined;
  /** The chain's height when its price was fixed, which is not before its reward is mature; undefined until then. */
  readonly pricedHeight: number | undefined;
}

/** When an epoch can be redeemed, in heights of the chain. */
export interface RedemptionWindow {
  /** The first height at which it can; while its price is not fixed, the first at which it may. */
  readonly fromHeight: number;
  /** The first height at which it cannot any more. */
  readonly untilHeight: number;
}

/**
 * The window of an epoch; undefined while no block has closed it. A price that was fixed late, since the mint was down
 * or a pool held shares back, takes nothing off it.
 */
export function windowOf({
  windowBlocks,
  closing,
  pricedHeight,
}: WindowedEpoch): RedemptionWindow | undefined {
  const fromHeight = pricedHeight ?? (closing && closing.height + COINBASE_MATURITY);
  return fromHeight === undefined ? undefined : { fromHeight, untilHeight: fromHeight + windowBlocks };
}

/** Whether a window has passed at the chain's height `tip`. */
export function hasPassed({ untilHeight }: RedemptionWindow, tip: number): boolean {
  return tip >= untilHeight;
}
