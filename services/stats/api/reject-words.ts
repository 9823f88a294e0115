import type { RefusalReason } from '../../../protocols/sv1/errors.ts';

/** What a reason means, and what the miner's owner can do. */
export interface RejectWords {
  readonly words: string;
  readonly remedy: string;
}

/** Error codes of `SubmitShares.Error`. */
const poolReasons = {
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
} as const satisfies Readonly<Record<string, RejectWords>>;

/** What the translator refuses by itself: the reasons of Stratum V1 (protocols/sv1/errors.ts). */
const translatorReasons: Readonly<Record<Hyphened<RefusalReason>, RejectWords>> = {
  stale: poolReasons['stale-share'],
  'unknown-job': poolReasons['invalid-job-id'],
  duplicate: poolReasons['duplicate-share'],
  'low-difficulty': poolReasons['difficulty-too-low'],
  unauthorized: {
    words: 'The user name was not let in before its share',
    remedy: 'Enter the same user name once in the miner, and correct it where it is a key',
  },
  'not-subscribed': {
    words: 'The share came before the miner had introduced itself',
    remedy: 'Restart the miner; where it goes on, update its firmware',
  },
  malformed: {
    words: 'The share had a field missing or of the wrong form',
    remedy: 'Update the firmware; a proxy in between may also change shares',
  },
  ntime: { words: 'The time of the share was out of bounds', remedy: "Check the miner's clock and firmware" },
  'version-bits': poolReasons['invalid-non-rollable-version-bit'],
  'no-answer': {
    words: 'No pool answered in time',
    remedy: 'Look at the link to the pool; shares that can be sent again are',
  },
  other: { words: 'The pool refused the share for another reason', remedy: "The pool's log says more" },
};

type Hyphened<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}-${Hyphened<Tail>}`
  : Name;

const reasons: Readonly<Record<string, RejectWords>> = { ...poolReasons, ...translatorReasons };

export function wordsOf(reason: string): RejectWords {
  const words = Object.hasOwn(reasons, reason) ? reasons[reason] : undefined;
  return words ?? { words: reason, remedy: "The miner's or the pool's log says more" };
}

/** The reason where it is one of those above, else `other`: labels of metrics are few. */
export function knownReason(reason: string): string {
  return Object.hasOwn(reasons, reason) ? reason : 'other';
}
