import { HashpoolError } from '../errors.ts';

/**
 * Stratum V1's error codes, as all pools use them: 20 other, 21 job not found or stale, 22 duplicate share,
 * 23 low difficulty, 24 unauthorized worker, 25 not subscribed.
 */
export type Sv1ErrorCode = 20 | 21 | 22 | 23 | 24 | 25;

/** What refused shares are counted under, and what each means to an operator. */
export const refusalReasons = {
  stale: 'found for a job that is over',
  unknown_job: 'for a job that never was',
  duplicate: 'handed in before',
  low_difficulty: 'easier than the difficulty of its job',
  unauthorized: 'by a worker that is not authorized, or for a key that the pool does not take',
  not_subscribed: 'before `mining.subscribe` was answered',
  malformed: 'a field is missing, too long, of the wrong length or no hex',
  ntime: 'its time is out of range',
  version_bits: 'it rolls version bits that it may not',
  no_answer: 'the pool did not answer it',
  other: 'the pool refused it for another reason',
} as const satisfies Record<string, string>;

export type RefusalReason = keyof typeof refusalReasons;

/** What a refused request is answered with. */
export interface Sv1Refusal {
  readonly code: Sv1ErrorCode;
  readonly words: string;
  /** What a share that is refused so counts under. */
  readonly reason: RefusalReason;
}

interface ExplainedRefusal extends Sv1Refusal {
  /** When a request is refused so, for the documentation. */
  readonly when: string;
}

/** AxeOS explains a refusal to the miner's owner when its words are exactly these, so they are not reworded. */
export const refusals = {
  stale: {
    code: 21,
    words: 'Stale',
    reason: 'stale',
    when: "the job is over: another tip, or more than 64 jobs ago; or the pool has the share's channel no more",
  },
  jobNotFound: {
    code: 21,
    words: 'Job not found',
    reason: 'unknown_job',
    when: 'this connection was never told a job of that id',
  },
  duplicate: {
    code: 22,
    words: 'Duplicate share',
    reason: 'duplicate',
    when: 'the pool has the share already',
  },
  lowDifficulty: {
    code: 23,
    words: 'Difficulty too low',
    reason: 'low_difficulty',
    when: 'the hash does not meet the difficulty that stood when the job was told',
  },
  unauthorized: {
    code: 24,
    words: 'Unauthorized worker',
    reason: 'unauthorized',
    when: 'no `mining.authorize` of this connection named the worker',
  },
  notSubscribed: {
    code: 25,
    words: 'Not subscribed',
    reason: 'not_subscribed',
    when: 'a share before `mining.subscribe` was answered',
  },
  paramsNotArray: {
    code: 20,
    words: 'Params not array',
    reason: 'malformed',
    when: '`params` is no list',
  },
  arraySize: {
    code: 20,
    words: 'Invalid array size',
    reason: 'malformed',
    when: '`mining.submit` has fewer than five or more than six parameters',
  },
  noUsername: {
    code: 20,
    words: 'No username',
    reason: 'malformed',
    when: 'the user name is missing or empty',
  },
  noJobId: { code: 20, words: 'No job_id', reason: 'malformed', when: 'the job id is missing or empty' },
  noExtranonce2: {
    code: 20,
    words: 'No nonce2',
    reason: 'malformed',
    when: 'the extranonce2 is missing or empty',
  },
  noNtime: { code: 20, words: 'No ntime', reason: 'malformed', when: 'the time is missing or empty' },
  noNonce: { code: 20, words: 'No nonce', reason: 'malformed', when: 'the nonce is missing or empty' },
  extranonce2Length: {
    code: 20,
    words: 'Invalid nonce2 length',
    reason: 'malformed',
    when: 'the extranonce2 is not hex of exactly the size that was told',
  },
  badSubmit: {
    code: 20,
    words: 'Invalid mining submit message',
    reason: 'malformed',
    when: 'time or nonce are not eight hex digits; name or job id are too long',
  },
  ntimeOutOfRange: {
    code: 20,
    words: 'Ntime out of range',
    reason: 'ntime',
    when: "the time is before the job's, or more than two hours ahead of it and of the clock",
  },
  versionMask: {
    code: 20,
    words: 'Invalid version mask',
    reason: 'version_bits',
    when: 'the version bits are not eight hex digits, or lie outside of the mask',
  },
  badSubscribe: {
    code: 20,
    words: 'Invalid subscription message',
    reason: 'malformed',
    when: 'user agent or session id are no texts',
  },
  badConfigure: {
    code: 20,
    words: 'Invalid configuration message',
    reason: 'malformed',
    when: 'the parameters of `mining.configure` are no list of names and no map; a wrong value is answered in the result',
  },
  badAuthorize: {
    code: 20,
    words: 'Invalid authorization message',
    reason: 'malformed',
    when: 'the user name is no text of at most 255 characters',
  },
  badSuggestDifficulty: {
    code: 20,
    words: 'Invalid suggest difficulty message',
    reason: 'malformed',
    when: 'the suggestion is no positive number, or no target of 64 hex digits',
  },
  transactionsNotServed: {
    code: 20,
    words: 'The transactions of a job are not served',
    reason: 'other',
    when: '`mining.get_transactions`',
  },
} as const satisfies Record<string, ExplainedRefusal>;

/** Longest words sent to a miner: the display of a small device shows about this much. */
export const MAX_REFUSAL_WORDS = 120;

/** A request that is answered with an error; the connection lives on. */
export class Sv1Error extends HashpoolError {
  readonly refusal: Sv1Refusal;

  constructor(refusal: Sv1Refusal, options: { cause?: unknown } = {}) {
    super('sv1-refused', refusal.words, options);
    this.refusal = refusal;
  }
}

/** A refusal in one's own words, cut to what a miner's display holds and free of control characters. */
export function refusalInWords(
  code: Sv1ErrorCode,
  words: string,
  reason: RefusalReason = 'other',
): Sv1Refusal {
  const printable = words.replace(/[^\x20-\x7e]+/g, ' ');
  const cut =
    printable.length > MAX_REFUSAL_WORDS ? `${printable.slice(0, MAX_REFUSAL_WORDS - 3)}...` : printable;
  return { code, words: cut, reason };
}
