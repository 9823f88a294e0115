import { outputConstraints } from '../../domain/job-declaration/own-job.ts';
import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import type { CoinbaseConstraints } from '../../services/template-client/client.ts';

/** Room for a pool's output and the mark of its keyset, asked for before any pool has named them. */
const USUAL: CoinbaseConstraints = { maxAdditionalSize: 128, maxAdditionalSigops: 4 };

/** The room in templates that all outputs seen so far need; it never shrinks, since each change costs a new template. */
export class Room {
  #constraints = USUAL;

  get constraints(): CoinbaseConstraints {
    return this.#constraints;
  }

  /** @returns false where these need more than there was, which is to be asked for */
  fits(outputs: readonly TransactionOutput[]): boolean {
    const wanted = outputConstraints(outputs);
    const { maxAdditionalSize: size, maxAdditionalSigops: sigops } = this.#constraints;
    if (wanted.maxAdditionalSize <= size && wanted.maxAdditionalSigops <= sigops) return true;
    this.#constraints = {
      maxAdditionalSize: Math.max(size, wanted.maxAdditionalSize),
      maxAdditionalSigops: Math.max(sigops, wanted.maxAdditionalSigops),
    };
    return false;
  }
}
