import { HashpoolError } from '../errors.ts';

/**
 * Stratum V1's error codes, as all pools use them: 20 other, 21 job not found or stale, 22 duplicate share,
 * 23 low difficulty, 24 unauthorized worker, 25 not subscribed.
 */
export type Sv1ErrorCode = 20 | 21 | 22 | 23 | 24 | 25;

/** What a refused request is answered with. */
export interface Sv1Refusal {
  readonly code: Sv1ErrorCode;
  readonly words: string;
}

/** AxeOS explains a refusal to the miner's owner when its words are exactly these, so they are not reworded. */
export const refusals = {
  jobNotFound: { code: 21, words: 'Job not found' },
  stale: { code: 21, words: 'Stale' },
  duplicate: { code: 22, words: 'Duplicate share' },
  lowDifficulty: { code: 23, words: 'Difficulty too low' },
  unauthorized: { code: 24, words: 'Unauthorized worker' },
  notSubscribed: { code: 25, words: 'Not subscribed' },
  paramsNotArray: { code: 20, words: 'Params not array' },
  arraySize: { code: 20, words: 'Invalid array size' },
  noUsername: { code: 20, words: 'No username' },
  noJobId: { code: 20, words: 'No job_id' },
  noExtranonce2: { code: 20, words: 'No nonce2' },
  noNtime: { code: 20, words: 'No ntime' },
  noNonce: { code: 20, words: 'No nonce' },
  extranonce2Length: { code: 20, words: 'Invalid nonce2 length' },
  ntimeOutOfRange: { code: 20, words: 'Ntime out of range' },
  versionMask: { code: 20, words: 'Invalid version mask' },
  badSubscribe: { code: 20, words: 'Invalid subscription message' },
  badConfigure: { code: 20, words: 'Invalid configuration message' },
  badAuthorize: { code: 20, words: 'Invalid authorization message' },
  badSuggestDifficulty: { code: 20, words: 'Invalid suggest difficulty message' },
  badSubmit: { code: 20, words: 'Invalid mining submit message' },
} as const satisfies Record<string, Sv1Refusal>;

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
export function refusalInWords(code: Sv1ErrorCode, words: string): Sv1Refusal {
  const printable = words.replace(/[^\x20-\x7e]+/g, ' ');
  const cut =
    printable.length > MAX_REFUSAL_WORDS ? `${printable.slice(0, MAX_REFUSAL_WORDS - 3)}...` : printable;
  return { code, words: cut };
}
