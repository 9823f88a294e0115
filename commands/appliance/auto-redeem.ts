import { setTimeout as sleep } from 'node:timers/promises';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Redeemed, Wallet } from '../../services/wallet/wallet.ts';

/** From one look for what can be redeemed to the next: epochs become redeemable with a block. */
const PAUSE_MS = 60_000;

export interface AutoRedeemOptions {
  /** Ends it, with what is under way done. */
  readonly stop: AbortSignal;
  /** Told what has become sats. */
  readonly onRedeemed: (redeemed: readonly Redeemed[]) => void;
  /** Told in words what keeps it from that, once for each trouble. */
  readonly onTrouble: (words: string) => void;
  readonly pauseMs?: number;
}

/**
 * Turns ehash into sats as soon as it can be redeemed, until it is stopped; a mint that is away is asked again.
 * @returns the sats in all
 */
export async function autoRedeem(
  wallet: Pick<Wallet, 'collect' | 'redeem'>,
  { stop, onRedeemed, onTrouble, pauseMs = PAUSE_MS }: AutoRedeemOptions,
): Promise<bigint> {
  let sats = 0n;
  let trouble = '';
  while (!stop.aborted) {
    try {
      await wallet.collect();
      const redeemed = await wallet.redeem();
      if (redeemed.length > 0) onRedeemed(redeemed);
      for (const epoch of redeemed) sats += epoch.sats;
      trouble = '';
    } catch (error) {
      if (!isHashpoolError(error)) throw error;
      if (error.message !== trouble) onTrouble(error.message);
      trouble = error.message;
    }
    // A stop ends the wait, and the loop looks at the signal itself.
    await sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return sats;
}

/** Aborted by the first Ctrl-C or SIGTERM; the second one ends the process at once. */
export function untilInterrupted(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}
