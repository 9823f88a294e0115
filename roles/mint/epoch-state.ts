import { hasPassed, windowOf } from '../../domain/epochs/redemption-window.ts';
import type { HolderState } from '../../protocols/ehash/epoch-state.ts';
import type { EpochState } from '../../protocols/stats/messages.ts';
import type { Epoch } from './store/epochs.ts';

/** How an epoch stands for its holders. @param tip the chain's height, undefined while that is not known */
export function holderStateOf(epoch: Epoch, tip: number | undefined): HolderState {
  const { standing, isFinal, price, closing } = epoch;
  const window = windowOf(epoch);
  // One that is stranded has a price, too, where it was merged into another.
  if (price && window) return tip !== undefined && hasPassed(window, tip) ? 'expired' : 'redeemable';
  if (standing === 'dissolved' || standing === 'stranded') return standing;
  if (closing) return 'maturing';
  return isFinal ? 'open' : 'provisional';
}

/** How an epoch stands, for its operator. @param tip as above */
export function stateOf(epoch: Epoch, tip: number | undefined): EpochState {
  if (epoch.standing === 'unproven') return 'unproven';
  const state = holderStateOf(epoch, tip);
  return state === 'stranded' && epoch.mergedInto !== undefined ? 'merged' : state;
}
