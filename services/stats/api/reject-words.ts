/** What a reason means, and what the miner's owner can do. */
export interface RejectWords {
  readonly words: string;
  readonly remedy: string;
}

/** Error codes of `SubmitShares.Error`, and of the translator where no pool answered. */
const reasons: Readonly<Record<string, RejectWords>> = {
  'stale-share': {
    words: 'The work was for a block that had been found already',
    remedy:
      'A few after each block are usual; more point to a slow network or a miner that is slow to change jobs',
  },
  'invalid-job-id': {
    words: 'The work was for a job that is not known any more',
    remedy: 'Restart the miner where it happens often: it does not take new jobs in time',
  },
  'duplicate-share': {
    words: 'The same share came before',
    remedy: 'Two machines may share one extranonce, or the firmware sends twice: update it',
  },
  'difficulty-too-low': {
    words: 'The share was easier than the difficulty that was asked for',
    remedy:
      'The firmware may ignore changes of difficulty: update it, or ask for a fixed one by the password d=N',
  },
  'too-many-shares': {
    words: 'More shares came than the pool takes on one block',
    remedy: "Ask for a higher difficulty by the password d=N; the pool's operator may raise minimum_bits",
  },
  'invalid-ehash-key': {
    words: 'The key that was to be paid is no key',
    remedy: "Correct the miner's user name: hpub1... as the wallet shows it",
  },
  'bad-extranonce-size': {
    words: 'The extranonce had the wrong length',
    remedy: 'The firmware ignores the length that it is told: update it',
  },
  'version-rolling-not-allowed': {
    words: 'Bits of the block version were changed, which this job does not allow',
    remedy: 'Turn version rolling off in the miner',
  },
  'invalid-non-rollable-version-bit': {
    words: 'Bits of the block version were changed that may not be',
    remedy: 'The firmware ignores the mask that it is told: update it',
  },
  'invalid-channel-id': {
    words: 'The share was for a channel that is closed',
    remedy: 'None is needed after a reconnect; where it goes on, restart the miner',
  },
  'invalid-share': {
    words: 'The share could not be read, or its time was out of bounds',
    remedy: "Check the miner's clock and firmware",
  },
  'no-answer': {
    words: 'No pool answered in time',
    remedy: 'Look at the link to the pool; shares that can be sent again are',
  },
};

export function wordsOf(reason: string): RejectWords {
  return reasons[reason] ?? { words: reason, remedy: "The miner's or the pool's log says more" };
}

/** The reason where it is one of those above, else `other`: labels of metrics are few. */
export function knownReason(reason: string): string {
  return reason in reasons ? reason : 'other';
}
