import type { Epoch } from '../../services/stats/api/schemas/epochs.ts';
import type { StateWord } from './states.ts';

/** How an epoch stands, in a word and in a sentence. */
export const epochStates: Record<Epoch['state'], StateWord & { readonly meaning: string }> = {
  unproven: {
    state: 'low',
    word: 'Not proven yet',
    meaning:
      'A block has paid the pool, and the share that it was found by has not come yet. What is mined meanwhile waits.',
  },
  provisional: {
    state: 'low',
    word: 'Provisional',
    meaning: 'The block that opened it may still be taken back. Its ehash can be minted once that is final.',
  },
  open: {
    state: 'ok',
    word: 'Open',
    meaning: 'What is mined now is of this epoch. The pool’s next block will back it.',
  },
  maturing: {
    state: 'low',
    word: 'Maturing',
    meaning: 'A block backs it. Its reward can be spent 100 blocks later: then its price is fixed.',
  },
  redeemable: { state: 'ok', word: 'Redeemable', meaning: 'Whoever holds its ehash can turn it into sats.' },
  expired: { state: 'off', word: 'Ended', meaning: 'Its time is over: it can be redeemed no more.' },
  dissolved: {
    state: 'off',
    word: 'Dissolved',
    meaning: 'The chain has left the block that opened it. Its shares are of the epoch before.',
  },
  stranded: {
    state: 'bad',
    word: 'Stranded',
    meaning:
      'The chain has left the block that opened it, and ehash of it was given out. Nothing is minted until its operator has merged it with another epoch.',
  },
  merged: { state: 'off', word: 'Merged', meaning: 'It shares the reward of another epoch, by work.' },
};

/** Whether it is the one that is mined for. */
export function isMinedFor({ state }: Pick<Epoch, 'state'>): boolean {
  return state === 'open' || state === 'provisional' || state === 'unproven';
}
