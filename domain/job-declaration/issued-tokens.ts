import { equalBytes, toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { decodeToken, NO_JOB, type TokenTerms } from '../../protocols/sv2/mining-job-token.ts';

/** Tokens that one client may have unused; of more, the oldest is worth nothing. */
export const MAX_ISSUED_TOKENS = 64;

/** The tokens that one connection was given and has declared no job with. */
export class IssuedTokens {
  readonly #byId = new Map<string, TokenTerms>();

  add(terms: TokenTerms): void {
    this.#byId.set(toHex(terms.id), terms);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > MAX_ISSUED_TOKENS && oldest !== undefined) this.#byId.delete(oldest);
  }

  /**
   * The terms of a token of this connection.
   * @param now unix seconds
   * @throws HashpoolError 'invalid-mining-job-token' where it is none, was used, or has expired
   */
  find(token: Uint8Array, now: number): TokenTerms {
    const { terms } = decodeToken(token);
    const issued = this.#byId.get(toHex(terms.id));
    // What this connection was given is compared, so that its signature need not be.
    const isSame =
      issued !== undefined && equalBytes(issued.identity, terms.identity) && equalBytes(NO_JOB, terms.job);
    if (!isSame)
      throw refusal(
        'it was not given to this connection, or a job was declared with it before: ask for a new one',
      );
    if (issued.expiry <= now) throw refusal('it has expired: ask for a new one');
    return issued;
  }

  /** A job was declared with it. */
  use({ id }: TokenTerms): void {
    this.#byId.delete(toHex(id));
  }
}

const refusal = (words: string) =>
  new HashpoolError('invalid-mining-job-token', `the mining job token can't be used: ${words}`);
