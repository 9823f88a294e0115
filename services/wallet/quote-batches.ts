import { HashpoolError } from '../../protocols/errors.ts';
import { followQuotes } from './follow-quotes.ts';
import type { Keyset } from './keysets.ts';
import { MintLater, type MintRefusal } from './mint-http.ts';
import type { MintableKind, Quote } from './quotes.ts';
import { refreshKeysets } from './refresh-keysets.ts';
import type { Parts } from './settle.ts';

/**
 * Refusals in a row after which no more is asked: halving a batch of a hundred down to one bad quote takes seven, so
 * that more of them mean that the mint refuses whatever it is asked.
 */
const REFUSALS_IN_A_ROW = 10;
/** NUT-00's codes for a keyset that is not known, signs no more, or has ended: no quote is to blame. */
const KEYSET_CODES = [12001, 12002, 12003];

/**
 * The batches in which quotes of one kind become tokens or sats. Where one is refused, the mint is asked how its quotes
 * stand. Where they stand as the wallet knew, the bad one is found by halving, set aside with the reason, and tried
 * again later.
 */
export class QuoteBatches {
  readonly #parts: Parts;
  readonly #kind: MintableKind;
  #size = Number.POSITIVE_INFINITY;
  #refusedInARow = 0;

  constructor(parts: Parts, kind: MintableKind) {
    this.#parts = parts;
    this.#kind = kind;
  }

  /** Ids of the next batch. @param largest that the mint takes */
  next(largest: number): string[] {
    const { quotes, clock } = this.#parts;
    return quotes.mintable(this.#kind, Math.min(largest, this.#size), clock());
  }

  /** The mint has taken the last batch. */
  taken(): void {
    this.#refusedInARow = 0;
    this.#size = Number.POSITIVE_INFINITY;
  }

  /**
   * The mint has refused a batch: the next one avoids what was wrong.
   * @param into the keyset of its outputs
   * @throws the refusal where the quotes are not to blame for it, HashpoolError 'mint-refuses' where everything is
   * refused, and those of `requestMint`
   */
  async refused(batch: readonly Quote[], into: Keyset, refusal: MintRefusal | MintLater): Promise<void> {
    if (refusal instanceof MintLater) throw refusal;
    const { keysets, quotes, clock } = this.#parts;
    const isOfKeyset = KEYSET_CODES.includes(refusal.nutCode);
    if (isOfKeyset) await refreshKeysets(this.#parts);
    if (await followQuotes(this.#parts, batch)) return;
    if (isOfKeyset && !keysets.get(into.id).active) return;
    if (isOfKeyset) throw refusal;
    const [first, second] = batch;
    if (first && !second) quotes.refused(first.id, refusal.message, clock());
    this.#size = second ? Math.ceil(batch.length / 2) : Number.POSITIVE_INFINITY;
    this.#refusedInARow++;
    if (this.#refusedInARow < REFUSALS_IN_A_ROW) return;
    // While it refuses everything, one quote is enough to ask with: a refusal may use counters up.
    this.#size = 1;
    throw new HashpoolError(
      'mint-refuses',
      `the mint refuses ${this.#kind.unit} of paid quotes, one after the other: ${refusal.message}`,
      { cause: refusal },
    );
  }
}
